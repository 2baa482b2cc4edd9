"""Write a parsed Python pattern in the dialect of PostgreSQL's regular expressions."""

import re
from re import _constants as code  # type: ignore[attr-defined, unused-ignore]
from typing import Any

from trackyard.core.query.patterns import REPEATS, Pattern, below, malformed

_AT = {
    code.AT_BEGINNING: r"\A",
    code.AT_BEGINNING_STRING: r"\A",
    code.AT_END: r"(?=\n?\Z)",
    code.AT_END_STRING: r"\Z",
    code.AT_BOUNDARY: r"\y",
    code.AT_NON_BOUNDARY: r"\Y",
}
_CLASSES = {
    code.CATEGORY_DIGIT: "[:digit:]",
    code.CATEGORY_SPACE: "[:space:]",
    code.CATEGORY_WORD: "[:alnum:]_",
}
_NEGATED = {
    code.CATEGORY_NOT_DIGIT: "[^[:digit:]]",
    code.CATEGORY_NOT_SPACE: "[^[:space:]]",
    code.CATEGORY_NOT_WORD: "[^[:alnum:]_]",
}
_MOST = 255
"""The greatest bound that PostgreSQL takes in ``{m,n}``."""


_MOST_STATES = 2000


class _Unsupported(Exception):
    pass


def translate(pattern: Pattern) -> str:
    """The pattern for PostgreSQL's ``~`` operator. What it cannot express is refused as 400/21."""
    if pattern.tree.state.flags & (re.MULTILINE | re.VERBOSE):
        raise malformed(pattern.text, "multi-line and verbose patterns are not supported on PostgreSQL")
    if _weight(list(pattern.tree)) > _MOST_STATES:
        raise malformed(pattern.text, "nested repetitions of that size are not supported on PostgreSQL")
    try:
        # "***:" forces advanced expressions, whatever the pattern begins with
        return "***:" + _sequence(list(pattern.tree), bool(pattern.tree.state.flags & re.DOTALL))
    except _Unsupported as problem:
        raise malformed(pattern.text, f"{problem} is not supported on PostgreSQL") from None


def _sequence(items: list[Any], dotall: bool) -> str:
    return "".join(_item(op, value, dotall) for op, value in items)


def _item(op: Any, value: Any, dotall: bool) -> str:
    if op is code.LITERAL:
        return _literal(value)
    if op is code.NOT_LITERAL:
        return f"[^{_member(value)}]"
    if op is code.ANY:
        return "." if dotall else r"[^\n]"
    if op is code.IN:
        return _set(value)
    if op is code.AT and value in _AT:
        return _AT[value]
    if op is code.GROUPREF:
        return rf"\{value}(?:)"
    return _compound(op, value, dotall)


def _compound(op: Any, value: Any, dotall: bool) -> str:
    if op in REPEATS:
        return _repeat(value, dotall)
    if op is code.SUBPATTERN:
        group, added, removed, inside = value
        if added or removed:
            raise _Unsupported("a flag for a part of the pattern")
        return f"({'' if group else '?:'}{_sequence(list(inside), dotall)})"
    if op is code.BRANCH:
        return "(?:" + "|".join(_sequence(list(branch), dotall) for branch in value[1]) + ")"
    if op in (code.ASSERT, code.ASSERT_NOT):
        direction, inside = value
        sign = "=" if op is code.ASSERT else "!"
        return f"(?{'<' if direction < 0 else ''}{sign}{_sequence(list(inside), dotall)})"
    raise _Unsupported(str(op).lower())


def _weight(items: list[Any]) -> int:
    """About how many states the items become: PostgreSQL writes repetitions out."""
    total = 0
    for op, value in items:
        inner = sum(_weight(list(part)) for part in below(op, value)) or 1
        if op in REPEATS:
            inner *= max(1, int(value[0] if value[1] is code.MAXREPEAT else value[1]))
        total += inner
    return total


def _repeat(value: Any, dotall: bool) -> str:
    least, most, repeated = value
    body = f"(?:{_sequence(list(repeated), dotall)})"
    endless = most is code.MAXREPEAT
    if least > _MOST or (not endless and most > _MOST):
        raise _Unsupported(f"a repetition of more than {_MOST}")
    return f"{body}{{{least},{'' if endless else most}}}"


def _literal(value: int) -> str:
    char = chr(value)
    return char if char.isalnum() or value > 127 else f"\\{char}" if char.isprintable() else rf"\u{value:04x}"


def _member(value: int) -> str:
    return chr(value) if chr(value).isalnum() else f"\\U{value:08x}"


def _set(items: list[Any]) -> str:
    negate = bool(items) and items[0][0] is code.NEGATE
    members = items[1:] if negate else items
    inside, outside = "", []
    for op, value in members:
        if op is code.LITERAL:
            inside += _member(value)
        elif op is code.RANGE:
            inside += f"{_member(value[0])}-{_member(value[1])}"
        elif value in _CLASSES:
            inside += _CLASSES[value]
        else:
            outside.append(_NEGATED[value])
    if negate and outside:
        raise _Unsupported("a negated class inside a negated set")
    bracket = f"[{'^' if negate else ''}{inside}]" if inside else ""
    return f"(?:{'|'.join(filter(None, [bracket, *outside]))})" if outside else bracket
