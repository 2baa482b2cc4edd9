"""Numbers of entities and series: looked up and given out by the writer, looked up by readers."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trackyard.core.contracts.events import Entity, MetricFilter

__all__ = ["Catalog", "SeriesRow", "entity_ids", "series_rows"]

MAX_CACHED_SERIES = 200_000

SeriesKey = tuple[str, str, str]


@dataclass(slots=True)
class _Known:
    id: int
    series: dict[SeriesKey, int] = field(default_factory=dict)
    properties: dict[int, tuple[str | None, str]] = field(default_factory=dict)


class Catalog:
    """The writer's memory of numbers. Used by the writer thread only; bounded."""

    def __init__(self) -> None:
        self._known: OrderedDict[Entity, _Known] = OrderedDict()
        self._size = 0

    def forget(self) -> None:
        """Drop everything: a transaction was rolled back, or entities were deleted."""
        self._known.clear()
        self._size = 0

    def entity(self, connection: sqlite3.Connection, entity: Entity) -> int:
        """The number of an entity, given out if need be."""
        return self._entity(connection, entity).id

    def series(self, connection: sqlite3.Connection, entity: Entity, kind: str, names: Sequence[tuple[str, str]]) -> list[int]:
        """The numbers of series, given out if need be."""
        known = self._entity(connection, entity)
        found = []
        for metric, variant in names:
            number = known.series.get((kind, metric, variant))
            if number is None:
                number = self._new_series(connection, known, (kind, metric, variant))
            found.append(number)
        return found

    def describe(self, connection: sqlite3.Connection, entity: Entity, series: int, label: str | None, worker: str) -> None:
        """Remember the label of the horizontal axis and the reporting host of a series, when they are new."""
        known = self._entity(connection, entity)
        old_label, old_worker = known.properties.get(series, (None, ""))
        new = (label or old_label, worker or old_worker)
        if new != known.properties.get(series):
            connection.execute(
                "UPDATE series SET label = coalesce(?, label), worker = iif(? = '', worker, ?) WHERE id = ?",
                (label, worker, worker, series),
            )
            known.properties[series] = new

    def _entity(self, connection: sqlite3.Connection, entity: Entity) -> _Known:
        known = self._known.get(entity)
        if known is None:
            key = (entity.kind, entity.id)
            row = connection.execute("SELECT id FROM entity WHERE kind = ? AND name = ?", key).fetchone()
            if row is None:
                row = connection.execute("INSERT INTO entity (kind, name) VALUES (?, ?) RETURNING id", key).fetchone()
            known = self._known[entity] = _Known(row[0])
        else:
            self._known.move_to_end(entity)
        return known

    def _new_series(self, connection: sqlite3.Connection, known: _Known, key: SeriesKey) -> int:
        row = connection.execute(
            "SELECT id, label, worker FROM series WHERE entity = ? AND type = ? AND metric = ? AND variant = ?", (known.id, *key)
        ).fetchone()
        if row is None:
            row = connection.execute(
                "INSERT INTO series (entity, type, metric, variant) VALUES (?, ?, ?, ?) RETURNING id, label, worker",
                (known.id, *key),
            ).fetchone()
        number: int = row[0]
        known.series[key] = number
        known.properties[number] = (row[1], row[2])
        self._size += 1
        self._shrink(known)
        return number

    def _shrink(self, using: _Known) -> None:
        while self._size > MAX_CACHED_SERIES and len(self._known) > 1:
            entity, known = next(iter(self._known.items()))
            if known is using:
                self._known.move_to_end(entity)
                continue
            del self._known[entity]
            self._size -= len(known.series)


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A row of the table of series together with the name of its entity."""

    id: int
    entity: str
    entity_id: int
    type: str
    metric: str
    variant: str
    label: str | None
    worker: str


def entity_ids(connection: sqlite3.Connection, kind: str, names: Iterable[str]) -> dict[str, int]:
    """Numbers of the entities that exist, in the given order."""
    found = {}
    for name in names:
        row = connection.execute("SELECT id FROM entity WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        if row is not None:
            found[name] = row[0]
    return found


def series_rows(
    connection: sqlite3.Connection,
    kind: str,
    entities: Iterable[str],
    types: Sequence[str] = (),
    metrics: Sequence[MetricFilter] = (),
) -> list[SeriesRow]:
    """Series of entities by entity as given, type, metric and variant; empty filters select all."""
    rows = []
    wanted = _wanted(metrics)
    for name, number in entity_ids(connection, kind, entities).items():
        cursor = connection.execute(
            "SELECT id, type, metric, variant, label, worker FROM series WHERE entity = ? ORDER BY type, metric, variant",
            (number,),
        )
        rows += [
            SeriesRow(row[0], name, number, *row[1:])
            for row in cursor
            if (not types or row[1] in types) and (wanted is None or _matches(wanted, row[2], row[3]))
        ]
    return rows


def _wanted(metrics: Sequence[MetricFilter]) -> dict[str, set[str]] | None:
    """Variants by metric (no variants: all of them); None selects everything."""
    if not metrics:
        return None
    wanted: dict[str, set[str]] = {}
    everything = {item.metric for item in metrics if not item.variants}
    for item in metrics:
        wanted.setdefault(item.metric, set()).update(item.variants)
    return {metric: set() if metric in everything else variants for metric, variants in wanted.items()}


def _matches(wanted: dict[str, set[str]], metric: str, variant: str) -> bool:
    variants = wanted.get(metric)
    return variants is not None and (not variants or variant in variants)
