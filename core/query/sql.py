"""Conditions in SQL that differ between the databases. Everything of a request is a bound value."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, collate, func, type_coerce
from trackyard.core.contracts.metadata import Dialect
from trackyard.core.entities.columns import TAG_MARK, clean_tag
from trackyard.core.query import patterns
from trackyard.core.query.postgresql_patterns import translate

FOLDED_ELSEWHERE = frozenset("kKsSiI")
"""Letters that Python also finds in characters outside ASCII when case is ignored, which ``LIKE`` does not."""


def contains(dialect: Dialect, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether the stored text holds ``text``, case-sensitively."""
    position = func.instr if dialect == "sqlite" else func.strpos
    return position(type_coerce(column, Text), text) > 0


def has_tag(dialect: Dialect, column: ColumnElement[Any], tag: str) -> ColumnElement[bool]:
    """Whether a column of tags holds ``tag``."""
    return contains(dialect, column, f"{TAG_MARK}{clean_tag(tag)}{TAG_MARK}")


def milliseconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A column of times as milliseconds since 1970."""
    return type_coerce(column, BigInteger)


def matches(dialect: Dialect, column: ColumnElement[Any], text: str, *, ignore_case: bool = False) -> ColumnElement[bool]:
    """Whether a regular expression is found in the column; raises 400/21 when it is malformed.

    What every match must hold is asked for first, so that an index or a cheap comparison leaves few rows to the pattern.
    """
    pattern = patterns.parse(text, ignore_case)
    exact = pattern.exact
    if exact is not None:
        # a dollar also matches before a line feed at the end
        return column.in_([exact, exact + "\n"])
    if dialect == "postgresql":
        # the database's own collation knows which letters belong together, that of the columns only ASCII
        text_of = collate(type_coerce(column, Text), "default")
        return text_of.op("~*" if pattern.ignores_case else "~", is_comparison=True)(translate(pattern))
    found = func.text_matches(text, int(ignore_case), column) == 1
    return and_(*_cheap(column, pattern), found)


def _cheap(column: ColumnElement[Any], pattern: patterns.Pattern) -> list[ColumnElement[bool]]:
    prefix = pattern.prefix
    after = _successor(prefix)
    if after:
        return [column >= prefix, column < after]
    needle = pattern.needle
    if pattern.ignores_case:
        like = "".join(_like(char) for char in needle)
        return [column.like(f"%{like}%", escape="\\")] if like.strip("_") else []
    return [func.instr(column, needle) > 0] if needle else []


def _successor(prefix: str) -> str:
    """The least text that is greater than every text with that prefix, or the empty text."""
    if not prefix or not "\x00" <= prefix[-1] < "\ud7ff":
        return ""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _like(char: str) -> str:
    if char in FOLDED_ELSEWHERE or not char.isascii() or char == "\x00":
        return "_"
    return f"\\{char}" if char in "%_\\" else char
