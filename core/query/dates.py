"""Times in requests: the formats that clients send, and comparisons with stored milliseconds."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(:\d\d)[.,](\d+)")
_OPERATOR = re.compile(r"\s*(>=|<=|>|<)?\s*(.*)", re.DOTALL)


def parse_ms(text: Any) -> float | None:
    """Milliseconds since 1970 of an ISO 8601 time, or None for anything else.

    ``T`` or a blank between date and time, any number of decimals, ``Z`` or an offset or none (UTC) are understood.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(lambda found: f"{found[1]}.{found[2][:6]:0<6}", text.strip()))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) / timedelta(milliseconds=1)


def split_operator(text: str) -> tuple[str | None, str]:
    """The comparison with which ``text`` begins, if any, and the rest."""
    found = _OPERATOR.fullmatch(text)
    return (found[1], found[2]) if found else (None, text)


# stored times are whole milliseconds, so a bound between two of them is moved to the one that decides
_COMPARE: dict[str, Callable[[ColumnElement[int], float], ColumnElement[bool]]] = {
    ">=": lambda column, ms: column >= math.ceil(ms),
    ">": lambda column, ms: column > math.floor(ms),
    "<=": lambda column, ms: column <= math.floor(ms),
    "<": lambda column, ms: column < math.ceil(ms),
}


def conditions(column: ColumnElement[int], given: list[Any]) -> list[ColumnElement[bool]]:
    """The conditions of a list of times with operators, all of which must hold; what is no time is ignored.

    Exactly two times without operators are a closed interval, of which null leaves one end open (as tables of the web
    ask); another time without operator means that time.
    """
    items = [split_operator(item) for item in given if isinstance(item, str)]
    if len(given) == 2 and all(operator is None for operator, _ in items):
        ends = zip((">=", "<="), given, strict=True)
        items = [(operator, item) for operator, item in ends if isinstance(item, str)]
    found = []
    for operator, text in items:
        ms = parse_ms(text)
        if ms is not None:
            found.append(column == math.floor(ms) if operator is None else _COMPARE[operator](column, ms))
    return found
