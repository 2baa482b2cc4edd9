"""Regular expressions of requests: checked, bounded in time, and the same on every database.

The dialect is Python's, which is what clients escape for (``re.escape`` gives ``\\ ``, ``\\-``, ``\\/``). SQLite calls back into
Python; for PostgreSQL the parsed pattern is written again in its dialect. A malformed pattern is 400/21.
"""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined, unused-ignore]
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any

import regex
from trackyard.core.errors import ApiError

MAX_LENGTH = 10_000
"""Characters of a pattern."""
MAX_SIZE = 50_000
"""Items of a pattern with its repetitions written out, as the engine keeps them in memory."""
UNIT_SECONDS = 5.0
"""How long all matching of one unit of work may take together."""
CALL_SECONDS = 1.0
SHORT_TEXT = 2000
SINGLE = (code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN)
REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)


def malformed(pattern: str, problem: str) -> ApiError:
    """The protocol's error for a pattern that cannot be used (400/21)."""
    return ApiError(400, 21, "Malformed regular expression", pattern=pattern[:200], error=problem)


@dataclass(frozen=True)
class Pattern:
    """A checked pattern. ``tree`` is what ``re`` parsed; ``plain`` says that it cannot take long on short texts."""

    text: str
    ignore_case: bool
    tree: Any
    plain: bool
    fast: "re.Pattern[str]"
    bounded: Any

    def search(self, text: str) -> bool:
        """Whether the pattern is found anywhere in ``text``; raises TimeoutError when it takes too long."""
        if self.plain and len(text) <= SHORT_TEXT:
            return self.fast.search(text) is not None
        return self.bounded.search(text, timeout=CALL_SECONDS, concurrent=True) is not None

    @property
    def exact(self) -> str | None:
        """The text that ``^text$`` asks for, or None for any other pattern."""
        items = list(self.tree)
        if self.ignores_case or len(items) < 3 or items[0] != _BEGIN or items[-1] != _END:
            return None
        return _literals(items[1:-1])

    @property
    def prefix(self) -> str:
        """The text with which every match begins at the start of the field; may be empty."""
        items = list(self.tree)
        if self.ignores_case or not items or items[0] != _BEGIN:
            return ""
        return _leading(items[1:])

    @property
    def needle(self) -> str:
        """The longest run of characters that every match has; may be empty."""
        runs = list(_runs(list(self.tree)))
        return max(runs, key=len, default="")

    @property
    def ignores_case(self) -> bool:
        """Whether case is ignored, by the request or by ``(?i)`` in the pattern."""
        return self.ignore_case or bool(self.tree.state.flags & re.IGNORECASE)


_BEGIN = (code.AT, code.AT_BEGINNING)
_END = (code.AT, code.AT_END)


def _literals(items: list[Any]) -> str | None:
    return "".join(chr(value) for _, value in items) if all(op is code.LITERAL for op, _ in items) else None


def _leading(items: list[Any]) -> str:
    text = ""
    for op, value in items:
        if op is not code.LITERAL:
            break
        text += chr(value)
    return text


def _runs(items: list[Any]) -> Iterator[str]:
    run = ""
    for op, value in items:
        if op is code.LITERAL:
            run += chr(value)
        elif op is not code.AT:
            yield run
            run = ""
            if op is code.SUBPATTERN and not value[1]:
                yield from _runs(list(value[3]))
    yield run


@lru_cache(maxsize=256)
def parse(pattern: str, ignore_case: bool = False) -> Pattern:
    """Check a pattern and make it ready; raises 400/21 when it is malformed or too long."""
    if len(pattern) > MAX_LENGTH:
        raise malformed(pattern, f"longer than {MAX_LENGTH} characters")
    flags = re.IGNORECASE if ignore_case else 0
    try:
        tree = parser.parse(pattern, flags)
        if _size(list(tree)) > MAX_SIZE:
            raise malformed(pattern, "it repeats too often")
        fast = re.compile(pattern, flags)
        bounded = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (re.error, regex.error, OverflowError, RecursionError, MemoryError) as problem:
        raise malformed(pattern, str(problem)) from None
    return Pattern(pattern, ignore_case, tree, _repeats(list(tree)) <= 1, fast, bounded)


def _size(items: list[Any]) -> int:
    """How many items there are when each repetition is written out as often as it must at least occur."""
    found = 0
    for op, value in items:
        inner = sum(_size(list(part)) for part in below(op, value))
        found += max(inner, 1) * (max(int(value[0]), 1) if op in REPEATS else 1)
    return found


def _repeats(items: list[Any]) -> int:
    """How many repetitions without a small bound there are; a nested one counts as many."""
    found = 0
    for op, value in items:
        inner = sum(_repeats(list(part)) for part in below(op, value))
        if op in REPEATS and value[1] is not None and int(value[1]) > 10:
            inner = 1 if len(value[2]) == 1 and value[2][0][0] in SINGLE else 9
        elif op in REPEATS:
            inner = inner * 9
        elif op is code.GROUPREF:
            inner = 9
        found += inner
    return found


def below(op: Any, value: Any) -> list[Any]:
    """The sequences of items inside one item of a parsed pattern."""
    if op in REPEATS:
        return [value[2]]
    if op is code.SUBPATTERN:
        return [value[3]]
    if op is code.BRANCH:
        return list(value[1])
    if op in (code.ASSERT, code.ASSERT_NOT):
        return [value[1]]
    if op is code.GROUPREF_EXISTS:
        return [part for part in value[1:] if part is not None]
    return [value] if op is code.ATOMIC_GROUP else []


class _Unit(threading.local):
    deadline = 0.0
    error: ApiError | None = None


_unit = _Unit()


def begin_unit() -> None:
    """Start the time that a unit of work in this thread may spend on matching. Backends call it before each unit."""
    _unit.deadline = 0.0
    _unit.error = None


def unit_error() -> ApiError | None:
    """Why matching stopped the unit's statement, or None. Databases hide the exceptions of functions they call."""
    return _unit.error


def text_matches(pattern: str, ignore_case: int, text: str | None) -> int:
    """What SQLite calls for each row: 1 when the pattern is found in the text, else 0."""
    if text is None:
        return 0
    now = time.monotonic()
    if not _unit.deadline:
        _unit.deadline = now + UNIT_SECONDS
    try:
        found = parse(pattern, bool(ignore_case)).search(text)
    except TimeoutError:
        found, now = False, float("inf")
    if now > _unit.deadline:
        _unit.error = malformed(pattern, "matching takes too long; make the pattern simpler")
        raise _unit.error
    return int(found)


def escape(text: str) -> str:
    """A pattern that finds exactly ``text``."""
    return re.escape(text)
