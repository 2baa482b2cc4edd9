"""What a field name of a request stands for in SQL: a column, values in the side table, or a metric.

Every name is looked up in the entity's table of fields; a name that is not there is 400/14.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, literal, select
from sqlmodel import Session
from trackyard.core.entities import paths
from trackyard.core.entities.fields import Field, Kind, Storage, table_of
from trackyard.core.entities.values import MetricRow
from trackyard.core.errors import unknown_field
from trackyard.core.store.metrics import known_names
from trackyard.core.store.values import known_paths, path_text


@dataclass(frozen=True)
class ColumnTarget:
    """A column of the entity's table."""

    field: Field
    column: ColumnElement[Any]


@dataclass(frozen=True)
class ValueTarget:
    """Values of the side table at some paths (several when a name can be read in several ways)."""

    field: Field
    table: Table
    paths: tuple[int, ...]
    segments: tuple[str, ...]

    @property
    def single(self) -> bool:
        """Whether an entity has at most one value there."""
        return not self.field.tags and self.field.name != "models"

    def owners(self, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
        """The numbers of the entities that have a value there, with the conditions."""
        return select(self.table.c.owner).where(self.table.c.path.in_(self.paths), *conditions)


@dataclass(frozen=True)
class MetricTarget:
    """One number of one variant in ``last_metrics``. ``name`` is None when nobody has reported it."""

    field: Field
    table: Table
    name: int | None
    column: ColumnElement[Any]

    def owners(self, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
        """The numbers of the entities that have that number, with the conditions."""
        known = self.table.c.name == self.name if self.name is not None else literal(False)
        return select(self.table.c.owner).where(known, self.column.is_not(None), *conditions)


Target = ColumnTarget | ValueTarget | MetricTarget


def readings(segments: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The ways to read a dotted path whose keys may hold dots that the client did not escape."""
    root, rest = segments[0], segments[1:]
    found = [segments]
    if root == "runtime" and len(rest) > 1:
        found.append((root, ".".join(rest)))
    elif root == "metadata" and len(rest) > 1:
        found += [(root, ".".join(rest)), (root, ".".join(rest[:-1]), rest[-1])]
    elif root == "hyperparams" and len(rest) > 2:
        found += [(root, rest[0], ".".join(rest[1:])), (root, rest[0], ".".join(rest[1:-1]), rest[-1])]
    elif root == "configuration" and len(rest) > 1:
        found += [(root, ".".join(rest)), (root, ".".join(rest[:-1]), rest[-1])]
    elif segments[:2] == ("execution", "parameters") and len(rest) > 2:
        found.append((root, rest[0], ".".join(rest[1:])))
    return found


def _leaf(segments: tuple[str, ...]) -> tuple[str, ...]:
    """Hyperparameters and metadata are found by their value, also when only the item is named."""
    depth = {"hyperparams": 3, "metadata": 2}.get(segments[0])
    return (*segments, "value") if depth == len(segments) else segments


def resolve(session: Session, kind: Kind, name: str) -> Target:
    """What the name stands for; raises 400/14 when the entity has no such field or it cannot be compared."""
    segments = paths.split(name)
    field = kind.fields.get(segments[0])
    if field is None or field.private:
        raise unknown_field(name)
    if field.storage is Storage.METRICS:
        return _metric(session, kind, field, name, segments)
    if field.storage is Storage.COLUMN and len(segments) == 1:
        return ColumnTarget(field, table_of(kind.table).c[field.name])
    if field.storage is Storage.DOCUMENT and field.flatten and kind.values is not None:
        texts = [path_text(_leaf(reading)) for reading in readings(segments)]
        return ValueTarget(field, table_of(kind.values), tuple(known_paths(session, texts).values()), segments)
    raise unknown_field(name)


def list_values(session: Session, kind: Kind, field: Field) -> ValueTarget | None:
    """The side rows of a column that holds a list, or None when it holds one value."""
    if not field.tags or kind.values is None:
        return None
    known = known_paths(session, [path_text((field.name,))])
    return ValueTarget(field, table_of(kind.values), tuple(known.values()), (field.name,))


def _metric(session: Session, kind: Kind, field: Field, name: str, segments: tuple[str, ...]) -> MetricTarget:
    if kind.metrics is None or field.name != "last_metrics" or len(segments) not in {3, 4}:
        raise unknown_field(name)
    which = segments[3] if len(segments) == 4 else "value"
    if which not in MetricRow.VALUES:
        raise unknown_field(name)
    table = table_of(kind.metrics)
    key = (segments[1], segments[2])
    return MetricTarget(field, table, known_names(session, [key]).get(key), table.c[which])
