"""Keep the side tables of values in step with what they are taken from."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Table, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session
from trackyard.core.entities import paths
from trackyard.core.entities.fields import Field, Kind, table_of
from trackyard.core.entities.values import FieldPath

TEXT_LIMIT = 160
PATH_LIMIT = 500
CHUNK = 500
"""How many values one statement may name."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def value_text(value: Any) -> str:
    """The text by which a value is found and sorted: long ones are cut and end in a hash, so that they stay distinct."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(str(value).replace("\x00", ""), TEXT_LIMIT)


def value_number(text: str) -> float:
    """The number that ``text`` is, or infinity, so that what is no number sorts behind."""
    if not _NUMBER.fullmatch(text):
        return math.inf
    number = float(text)
    return number if math.isfinite(number) else math.inf


def path_text(segments: tuple[str, ...]) -> str:
    """The text of a path as it is interned."""
    return shorten(paths.join(segments).replace("\x00", ""), PATH_LIMIT)


def shorten(text: str, limit: int) -> str:
    """``text`` itself, or its beginning and its hash when it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    mark = hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return f"{text[: limit - len(mark) - 1]}…{mark}"


T = TypeVar("T")


def chunks(items: list[T]) -> Iterable[list[T]]:
    """``items`` in pieces that fit one statement."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def insert_missing(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert the rows that break no unique constraint."""
    if rows:
        maker: Callable[[Any], Any] = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(maker(table).on_conflict_do_nothing(), rows)


def known_paths(session: Session, texts: Iterable[str]) -> dict[str, int]:
    """The numbers of those paths that are interned."""
    found: dict[str, int] = {}
    table = table_of(FieldPath)
    for part in chunks(sorted(set(texts))):
        rows = session.execute(select(table.c.path, table.c.num).where(table.c.path.in_(part)))
        found.update((path, num) for path, num in rows)
    return found


def intern_paths(session: Session, texts: Iterable[str]) -> dict[str, int]:
    """The numbers of all ``texts``; new ones are added."""
    wanted = set(texts)
    found = known_paths(session, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        insert_missing(session, table_of(FieldPath), [{"path": path} for path in missing])
        found.update(known_paths(session, missing))
    return found


def rows_of(field: Field, value: Any) -> Counter[tuple[str, str]]:
    """The side rows (path, text) that ``value`` of ``field`` asks for."""
    found = field.flatten(value) if field.flatten else ()
    return Counter((path_text((field.name, *path)), value_text(leaf)) for path, leaf in found)


def insert_values(session: Session, kind: Kind, owner: int, wanted: Iterable[tuple[str, str]]) -> None:
    """Add side rows of one entity."""
    rows = list(wanted)
    if not rows or kind.values is None:
        return
    numbers = intern_paths(session, (path for path, _ in rows))
    session.execute(
        insert(table_of(kind.values)),
        [{"owner": owner, "path": numbers[path], "number": value_number(text), "text": text} for path, text in rows],
    )


def replace_values(session: Session, kind: Kind, owner: int, changed: dict[str, Any]) -> None:
    """Make the side rows of the changed fields (top name → new value) agree with the values; touch only what differs."""
    flattened = [kind.fields[name] for name in changed if kind.fields[name].flatten]
    if kind.values is None or not flattened:
        return
    wanted: Counter[tuple[str, str]] = Counter()
    for field in flattened:
        wanted += rows_of(field, changed[field.name])
    stale = []
    table = table_of(kind.values)
    for num, path, text in _existing(session, table, owner, {field.name for field in flattened}):
        if wanted[(path, text)] > 0:
            wanted[(path, text)] -= 1
        else:
            stale.append(num)
    for part in chunks(stale):
        session.execute(delete(table).where(table.c.num.in_(part)))
    insert_values(session, kind, owner, wanted.elements())


def _existing(session: Session, table: Table, owner: int, names: set[str]) -> list[tuple[int, str, str]]:
    path = table_of(FieldPath)
    rows = session.execute(
        select(table.c.num, path.c.path, table.c.text).join(path, path.c.num == table.c.path).where(table.c.owner == owner)
    )
    return [(num, text, value) for num, text, value in rows if text.split(".", 1)[0] in names]


def changed_rows(session: Session, statement: Any, values: dict[str, Any] | None = None) -> int:
    """Execute an update or a delete (with the values of its parameters) and give back how many rows it met."""
    result: CursorResult[Any] = session.execute(statement, values)  # type: ignore[assignment]
    return result.rowcount
