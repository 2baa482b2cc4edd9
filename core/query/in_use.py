"""What occurs among the objects that a request selects: tags, paths, values, metrics. For the lists that filters offer.

``conditions`` are those of a `Translator` for the same kind.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, exists, func, select
from sqlmodel import Session
from trackyard.core.contracts.metadata import Dialect
from trackyard.core.entities import paths
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.entities.values import FieldPath, MetricName
from trackyard.core.query import sql
from trackyard.core.store.values import known_paths, path_text

FEW = 2000
"""Up to so many objects are asked what they have; of more objects it is asked for each thing whether one has it."""
MANY = 300
"""For more things than that, of more objects, all side rows are read."""

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted: ``number`` counts from 0."""

    number: int
    size: int

    def of(self, items: Sequence[Any]) -> Sequence[Any]:
        """The wanted part of all items."""
        return items[self.number * self.size : (self.number + 1) * self.size]

    def remaining(self, total: int) -> int:
        """How many items come after this part."""
        return max(0, total - (self.number + 1) * self.size)


def has_tag(session: Session, column: ColumnElement[Any], tag: str) -> Condition:
    """Whether a column of tags holds ``tag``."""
    return sql.has_tag(_dialect(session), column, tag)


def matches(session: Session, column: ColumnElement[Any], pattern: str, *, ignore_case: bool = False) -> Condition:
    """Whether a regular expression is found in the column; raises 400/21 when it is malformed."""
    return sql.matches(_dialect(session), column, pattern, ignore_case=ignore_case)


def _dialect(session: Session) -> Dialect:
    return "sqlite" if session.get_bind().dialect.name == "sqlite" else "postgresql"


def tags(session: Session, kind: Kind, conditions: Iterable[Condition], field: str = "tags") -> list[str]:
    """The tags that occur in ``field``, sorted."""
    return sorted(_texts(session, kind, (field,), conditions, []))


def values(
    session: Session, kind: Kind, path: tuple[str, ...], conditions: Iterable[Condition], page: Page, pattern: str | None = None
) -> tuple[int, Sequence[str]]:
    """How many values occur at ``path``, and those of one page: numbers first, then texts, each in order."""
    table = _values(kind)
    more = [matches(session, table.c.text, pattern, ignore_case=True)] if pattern else []
    found = _texts(session, kind, path, conditions, more)
    return len(found), page.of(found)


def segments_below(session: Session, kind: Kind, root: str, conditions: Iterable[Condition]) -> list[tuple[str, ...]]:
    """The segments of every path below the document ``root`` at which there is a value, sorted."""
    path, table = table_of(FieldPath), _values(kind)
    known = session.execute(select(path.c.num, path.c.path).where(path.c.path >= f"{root}.", path.c.path < f"{root}/")).all()
    used = _used(session, kind, table.c.path, table.c.owner, [row.num for row in known], conditions)
    return sorted(paths.split(row.path) for row in known if row.num in used)


def metrics(session: Session, kind: Kind, conditions: Iterable[Condition]) -> list[dict[str, str]]:
    """The metrics and variants that were reported, with the MD5 of each name, sorted by metric and variant."""
    if kind.metrics is None:
        return []
    name, table = table_of(MetricName), table_of(kind.metrics)
    columns = ("metric", "metric_hash", "variant", "variant_hash")
    known = session.execute(select(name.c.num, *(name.c[column] for column in columns))).mappings().all()
    used = _used(session, kind, table.c.name, table.c.owner, [row["num"] for row in known], conditions)
    found = [{column: row[column] for column in columns} for row in known if row["num"] in used]
    return sorted(found, key=lambda item: (item["metric"], item["variant"]))


def _values(kind: Kind) -> Table:
    if kind.values is None:
        raise ValueError(f"{kind.plural} have no values")
    return table_of(kind.values)


def _numbers(session: Session, path: tuple[str, ...]) -> list[int]:
    return list(known_paths(session, [path_text(path)]).values())


def _owners(kind: Kind, conditions: Iterable[Condition]) -> Any:
    return select(table_of(kind.table).c.num).where(*conditions)


def _texts(
    session: Session, kind: Kind, path: tuple[str, ...], conditions: Iterable[Condition], more: list[Condition]
) -> list[str]:
    """The values at ``path`` of the objects, numbers first; ``more`` are conditions on the side rows.

    Of a few objects, their rows are read. Of many, the values are listed along the index, which is quick when there are
    few, and each is looked for; else all rows of the path are read.
    """
    table, given = _values(kind), list(conditions)
    rows = [table.c.path.in_(_numbers(session, path)), *more]
    if _are_few(session, kind, given):
        query = select(table.c.number, table.c.text).where(*rows, table.c.owner.in_(_owners(kind, given)))
        return [row.text for row in session.execute(query.distinct().order_by(table.c.number, table.c.text))]
    known = select(table.c.number, table.c.text).where(*rows).distinct().order_by(table.c.number, table.c.text)
    first = session.execute(known.limit(MANY + 1)).all()
    if len(first) <= MANY:
        same = (table.c.number == bindparam("number"), table.c.text == bindparam("text"))
        one = select(exists().where(*rows, *same, _is_selected(kind, table.c.owner, given)))
        return [row.text for row in first if session.execute(one, {"number": row.number, "text": row.text}).scalar()]
    # the addition keeps the database from going through the objects one by one
    query = known.where((table.c.owner + 0).in_(_owners(kind, given)))
    return [row.text for row in session.execute(query)]


def _is_selected(kind: Kind, owner: ColumnElement[int], conditions: list[Condition]) -> Condition:
    """Whether a side row is one of an object with the conditions; asked row by row, along the index of the side table."""
    return exists().where(table_of(kind.table).c.num == owner, *conditions)


def _are_few(session: Session, kind: Kind, conditions: list[Condition]) -> bool:
    some = _owners(kind, conditions).limit(FEW).subquery()
    return (session.execute(select(func.count()).select_from(some)).scalar() or 0) < FEW


def _used(
    session: Session,
    kind: Kind,
    key: ColumnElement[int],
    owner: ColumnElement[int],
    candidates: Collection[int],
    conditions: Iterable[Condition],
) -> set[int]:
    """Those of the candidates that a side row of one of the objects has for its key."""
    given = list(conditions)
    if _are_few(session, kind, given):
        return set(session.execute(select(key).where(owner.in_(_owners(kind, given))).distinct()).scalars()) & set(candidates)
    one = select(exists().where(key == bindparam("key"), _is_selected(kind, owner, given)))
    return {candidate for candidate in candidates if session.execute(one, {"key": candidate}).scalar()}
