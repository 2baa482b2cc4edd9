"""Reading scalars: series, whole series in pieces, single and latest values, aggregates. Each function gets a reading
connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from trackyard.core.contracts.events import (
    SINGLE_VALUE_ITERATION,
    Aggregate,
    AggregateQuery,
    MetricFilter,
    SeriesInfo,
    SeriesPoints,
    SeriesType,
)
from trackyard.storage_backends.events_embedded.blocks import HotScalars
from trackyard.storage_backends.events_embedded.catalog import SeriesRow, series_rows
from trackyard.storage_backends.events_embedded.columns import EMPTY, Points
from trackyard.storage_backends.events_embedded.compaction import chunk_rows, read_chunk

__all__ = ["HotTail", "aggregate", "latest", "pieces", "points_of", "scalar_rows", "scalar_series", "single_values"]

SCALAR: SeriesType = "training_stats_scalar"
LOWEST = -(2**63)
HIGHEST = 2**63 - 1


class HotTail:
    """What is not folded yet, by series; read once per entity."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[int, dict[int, list[Points]]] = {}

    def points(self, row: SeriesRow) -> Points:
        """Hot points of a series, sorted, the last of each iteration."""
        return Points.join(self._entity(row.entity_id).get(row.id, [])).ordered()

    def _entity(self, entity: int) -> dict[int, list[Points]]:
        found = self._rows.get(entity)
        if found is None:
            found = self._rows[entity] = {}
            query = "SELECT data FROM hot WHERE entity = ? AND kind = 's' ORDER BY id"
            for (data,) in self._connection.execute(query, (entity,)):
                part = HotScalars.read(data)
                bounds = part.offsets.tolist()
                for at, series in enumerate(part.series.tolist()):
                    found.setdefault(series, []).append(part.points.pick(slice(bounds[at], bounds[at + 1])))
        return found


def scalar_rows(
    connection: sqlite3.Connection, kind: str, entities: Sequence[str], metrics: Sequence[MetricFilter]
) -> list[SeriesRow]:
    """The scalar series of entities."""
    return series_rows(connection, kind, entities, (SCALAR,), metrics)


_EXTENTS = (
    "SELECT s.id, sum(c.count), min(c.first), max(c.last), max(c.last_time) FROM series s JOIN chunk c ON c.series = s.id"
    " WHERE s.entity = ? GROUP BY s.id"
)


def scalar_series(connection: sqlite3.Connection, rows: list[SeriesRow]) -> dict[int, SeriesInfo]:
    """Extent of scalar series, by number."""
    tail = HotTail(connection)
    stored = {row[0]: row[1:] for entity in {row.entity_id for row in rows} for row in connection.execute(_EXTENTS, (entity,))}
    found = {}
    for row in rows:
        count, first, last, time = stored.get(row.id, (0, None, None, None))
        hot = tail.points(row)
        count += len(hot)
        if len(hot):
            first = min(HIGHEST if first is None else first, int(hot.iterations[0]))
            last = max(LOWEST if last is None else last, int(hot.iterations[-1]))
            time = max(LOWEST if time is None else time, int(hot.timestamps.max()))
        if count:
            found[row.id] = SeriesInfo(row.entity, SCALAR, row.metric, row.variant, count, first, last, time, row.label)
    return found


# --- whole series in pieces ---


def pieces(
    connection: sqlite3.Connection, row: SeriesRow, hot: Points, after: int | None = None, newest_first: bool = False
) -> Iterator[Points]:
    """The points of a series beyond ``after``, chunk by chunk in the order asked; within a piece always ascending."""
    chunks = chunk_rows(connection, row.id)
    bounds = [LOWEST, *(chunk.first for chunk in chunks[1:]), HIGHEST]
    for index in range(len(bounds) - 1)[:: -1 if newest_first else 1]:
        final = index == len(bounds) - 2
        if _beyond(bounds[index], bounds[index + 1] - (not final), after, newest_first):
            stretch = hot.between(bounds[index], bounds[index + 1] - (not final))
            stored = read_chunk(connection, chunks[index].id) if chunks else EMPTY
            yield _cut(Points.join([stored, stretch]).ordered(), after, newest_first)


def _beyond(first: int, last: int, after: int | None, newest_first: bool) -> bool:
    if after is None:
        return True
    return first < after if newest_first else last > after


def _cut(points: Points, after: int | None, newest_first: bool) -> Points:
    if after is None:
        return points
    return points.pick(points.iterations < after if newest_first else points.iterations > after)


def points_of(row: SeriesRow, points: Points) -> SeriesPoints:
    """The contract's shape of points of a series."""
    columns = points.iterations, points.timestamps, points.values
    return SeriesPoints(row.entity, row.metric, row.variant, *columns, row.label, row.worker)


# --- single and latest values ---


def single_values(
    connection: sqlite3.Connection, kind: str, entities: Sequence[str], metrics: Sequence[MetricFilter]
) -> list[SeriesPoints]:
    """See :meth:`EventStore.single_values`."""
    tail = HotTail(connection)
    found = []
    for row in scalar_rows(connection, kind, entities, metrics):
        points = tail.points(row).between(SINGLE_VALUE_ITERATION, SINGLE_VALUE_ITERATION)
        if not len(points):
            points = _stored_single_value(connection, row.id)
        if len(points):
            found.append(points_of(row, points))
    return found


def _stored_single_value(connection: sqlite3.Connection, series: int) -> Points:
    chunk = connection.execute(
        "SELECT id FROM chunk WHERE series = ? AND first <= ? AND last >= ?",
        (series, SINGLE_VALUE_ITERATION, SINGLE_VALUE_ITERATION),
    ).fetchone()
    if chunk is None:
        return EMPTY
    return read_chunk(connection, chunk[0]).between(SINGLE_VALUE_ITERATION, SINGLE_VALUE_ITERATION)


def latest(
    connection: sqlite3.Connection, kind: str, entities: Sequence[str], count: int, metrics: Sequence[MetricFilter]
) -> list[SeriesPoints]:
    """See :meth:`EventStore.latest`."""
    tail = HotTail(connection)
    found = []
    for row in scalar_rows(connection, kind, entities, metrics):
        parts: list[Points] = []
        for piece in pieces(connection, row, tail.points(row), newest_first=True):
            parts.insert(0, piece.drawable())
            if sum(map(len, parts)) >= count:
                break
        points = Points.join(parts)
        if len(points):
            found.append(points_of(row, points.pick(slice(max(len(points) - count, 0), None))))
    return found


# --- aggregates by interval of time ---


def aggregate(connection: sqlite3.Connection, query: AggregateQuery) -> list[Aggregate]:
    """See :meth:`EventStore.aggregate`."""
    tail = HotTail(connection)
    groups: dict[tuple[str, str, str], list[Points]] = {}
    for row in scalar_rows(connection, query.kind, query.entities, query.metrics):
        parts = [
            read_chunk(connection, chunk.id)
            for chunk in chunk_rows(connection, row.id)
            if chunk.last_time >= query.start and chunk.first_time < query.end
        ]
        points = Points.join([*parts, tail.points(row)]).ordered()
        times = points.timestamps
        points = points.pick((times >= query.start) & (times < query.end) & ~np.isnan(points.values))
        key = ("", row.metric, "") if query.merge else (row.entity, row.metric, row.variant)
        groups.setdefault(key, []).append(points)
    found = [_by_interval(key, Points.join(parts), query) for key, parts in groups.items()]
    return sorted((item for item in found if len(item.starts)), key=_aggregate_key(query))


def _aggregate_key(query: AggregateQuery) -> Callable[[Aggregate], tuple[int, str, str]]:
    order = {entity: place for place, entity in enumerate(query.entities)}
    return lambda item: (order.get(item.entity, 0), item.metric, item.variant)


def _by_interval(key: tuple[str, str, str], points: Points, query: AggregateQuery) -> Aggregate:
    buckets = (points.timestamps - query.start) // query.interval
    order = np.argsort(buckets, kind="stable")
    buckets, values = buckets[order], points.values[order]
    starts = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1])) if len(buckets) else np.empty(0, np.int64)
    counts = np.diff(np.append(starts, len(values)))
    return Aggregate(
        *key,
        starts=query.start + buckets[starts] * query.interval,
        averages=np.add.reduceat(values, starts) / counts if len(starts) else values,
        minima=np.minimum.reduceat(values, starts) if len(starts) else values,
        maxima=np.maximum.reduceat(values, starts) if len(starts) else values,
        counts=counts.astype(np.int64),
    )
