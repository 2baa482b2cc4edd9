"""What occurs among the objects that a request selects: tags, paths, values, metrics. For the lists that filters offer.

``conditions`` are those of a `Translator` for the same kind.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, distinct, exists, func, select
from sqlmodel import Session
from trackyard.core.contracts.metadata import Dialect
from trackyard.core.entities import paths
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.entities.values import FieldPath, MetricName
from trackyard.core.query import sql
from trackyard.core.store.values import known_paths, path_text

FEW = 2000
"""Up to so many objects are asked what they have; of more objects it is asked for each thing whether one has it."""

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
    return sorted(_texts(session, kind, (field,), conditions))


def values(
    session: Session, kind: Kind, path: tuple[str, ...], conditions: Iterable[Condition], page: Page, pattern: str | None = None
) -> tuple[int, list[str]]:
    """How many values occur at ``path``, and those of one page: numbers first, then texts, each in order."""
    table = _values(kind)
    given: list[Condition] = [table.c.path.in_(_numbers(session, path)), table.c.owner.in_(_owners(kind, conditions))]
    if pattern:
        given.append(matches(session, table.c.text, pattern, ignore_case=True))
    total = session.execute(select(func.count(distinct(table.c.text))).where(*given)).scalar() or 0
    query = select(table.c.text).where(*given).group_by(table.c.text).order_by(func.min(table.c.number), table.c.text)
    return total, list(session.execute(query.offset(page.number * page.size).limit(page.size)).scalars())


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


def _texts(session: Session, kind: Kind, path: tuple[str, ...], conditions: Iterable[Condition]) -> set[str]:
    table = _values(kind)
    query = select(table.c.text).where(table.c.path.in_(_numbers(session, path)), table.c.owner.in_(_owners(kind, conditions)))
    return set(session.execute(query.distinct()).scalars())


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
    entity = table_of(kind.table)
    few = session.execute(select(func.count()).select_from(_owners(kind, given).limit(FEW).subquery())).scalar() or 0
    if few < FEW:
        return set(session.execute(select(key).where(owner.in_(_owners(kind, given))).distinct()).scalars()) & set(candidates)
    found = set()
    for candidate in candidates:
        one = exists().where(key == candidate, owner == entity.c.num, *given)
        if session.execute(select(one)).scalar():
            found.add(candidate)
    return found
