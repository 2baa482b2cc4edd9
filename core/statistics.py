"""Numbers over time about workers, queues and serving instances: collected for a moment, stored in batches.

A crash may lose the numbers of the last seconds, nothing else; their sources report again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from trackyard.core.background import Delayed
from trackyard.core.contracts.events import Aggregate, Entity, EntityEvents, EventBatch, EventStoreError, Scalars

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

DELAY = 2.0
"""Seconds for which numbers are collected."""
LIMIT = 100_000
"""How many numbers may wait; further ones are dropped while the store takes none."""

REPORT_LIMIT = 1000
"""How many numbers of one report on a machine are kept."""
METRIC = re.compile(r"[A-Za-z0-9_]{1,64}\Z")
"""Names of numbers of a machine."""
LARGEST = 1e15
WHOLE = "total"
"""The variant of a number that is not one of several devices."""
SECONDS_BELOW = 100_000_000_000
"""Timestamps below are seconds: in milliseconds that was March 1973."""

Name = tuple[str, str]
Point = tuple[int, float]
log = logging.getLogger(__name__)


class Statistics:
    """Takes numbers by entity, metric and variant. `flush` before reading makes them visible."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        """``name`` tells in the log whose numbers they are."""
        self._kernel, self._name = kernel, name
        self._points: dict[Entity, dict[Name, list[Point]]] = {}
        self._count = 0
        self._delayed = Delayed(kernel, f"{name} statistics", DELAY, self._store)

    def record(self, entity: Entity, timestamp: int, values: Mapping[Name, float]) -> None:
        """Take ``values`` (by metric and variant) of the time ``timestamp`` (ms). Of two of one millisecond the later counts."""
        if self._count + len(values) > LIMIT:
            log.warning("%s statistics are dropped: the event store takes none", self._name)
            return
        series = self._points.setdefault(entity, {})
        for name, value in values.items():
            series.setdefault(name, []).append((timestamp, value))
        self._count += len(values)
        self._delayed.ask()

    async def flush(self) -> None:
        """Store what was collected; numbers that the store does not take now are kept for later."""
        if self._count:
            await self._delayed.now()

    async def _store(self) -> None:
        points, self._points, self._count = self._points, {}, 0
        batch = EventBatch([EntityEvents(entity, scalars=_columns(series)) for entity, series in points.items()])
        if not batch.items:
            return
        try:
            await self._kernel.events.append(batch)
        except EventStoreError as error:
            log.warning("%s statistics were not stored: %s", self._name, error)
            self._keep(points)

    def _keep(self, points: dict[Entity, dict[Name, list[Point]]]) -> None:
        for entity, series in points.items():
            mine = self._points.setdefault(entity, {})
            for name, older in series.items():
                mine[name] = older + mine.get(name, [])
                self._count += len(older)


def _columns(series: dict[Name, list[Point]]) -> Scalars:
    points = np.array([point for part in series.values() for point in part], dtype=np.float64)
    times = points[:, 0].astype(np.int64)
    offsets = np.cumsum([0, *map(len, series.values())], dtype=np.int64)
    return Scalars(list(series), [None] * len(series), offsets, times, times, points[:, 1].copy())


def machine_numbers(machine_stats: Mapping[str, object]) -> dict[Name, float]:
    """The numbers of a report on a machine by metric and variant: lists have one variant per device (``0``, ``1``…).

    Names that are no words and what is no sensible number are left out.
    """
    flat = ((key, *part) for key, value in machine_stats.items() if METRIC.match(key) for part in _parts(value))
    return {(key, variant): float(value) for key, variant, value in islice(flat, REPORT_LIMIT)}


def _parts(value: object) -> Iterator[tuple[str, int | float]]:
    items = ((str(index), item) for index, item in enumerate(value)) if isinstance(value, list) else [(WHOLE, value)]
    for variant, item in items:
        if isinstance(item, int | float) and not isinstance(item, bool) and -LARGEST <= item <= LARGEST:
            yield variant, item


def milliseconds(timestamp: float) -> int:
    """A client's timestamp in milliseconds; clients send milliseconds, the documents of the protocol say seconds."""
    return int(timestamp if timestamp > SECONDS_BELOW else timestamp * 1000)


@dataclass(frozen=True)
class Bucket:
    """The points of one interval: how many, and their average, least and greatest."""

    count: int
    average: float
    minimum: float
    maximum: float


Series = dict[int, Bucket]
"""Buckets by the beginning of their interval (ms), in order."""


def series_of(rows: Iterable[Aggregate]) -> Series:
    """The buckets of some aggregates together, as if they were one series."""
    found: dict[int, Bucket] = {}
    for row in rows:
        columns = (row.starts, row.counts, row.averages, row.minima, row.maxima)
        for start, count, average, minimum, maximum in zip(*(column.tolist() for column in columns), strict=True):
            new = Bucket(count, average, minimum, maximum)
            found[start] = _joined(found[start], new) if start in found else new
    return dict(sorted(found.items()))


def _joined(one: Bucket, other: Bucket) -> Bucket:
    count = one.count + other.count
    average = (one.average * one.count + other.average * other.count) / count
    return Bucket(count, average, min(one.minimum, other.minimum), max(one.maximum, other.maximum))
