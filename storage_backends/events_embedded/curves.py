"""Drawing curves: from summaries where these are enough, from points where not."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from trackyard.core.contracts.events import Curve, CurveQuery
from trackyard.storage_backends.events_embedded.catalog import SeriesRow
from trackyard.storage_backends.events_embedded.chunks import thin, time_ends, unpack_summary
from trackyard.storage_backends.events_embedded.columns import EMPTY, Points
from trackyard.storage_backends.events_embedded.compaction import ChunkRow, chunk_rows, read_chunk
from trackyard.storage_backends.events_embedded.reading import HotTail, points_of, scalar_rows

__all__ = ["Outlines", "curves"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1

OUTLINE_POINTS = 8192
"""Points of one outline at most."""

REMEMBERED_POINTS = 1_000_000
"""Points of all remembered outlines, of 24 bytes each."""

WHOLE_POINTS = 262_144
"""More points than this are read for one curve only when their summaries would show less than a quarter of what is asked."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole folded series, thinned out. ``state`` tells whether it is still true; ``exact``: no point is missing."""

    state: tuple[int, int]
    last: int
    points: Points
    exact: bool


class Outlines:
    """Outlines by series, for all reading threads; those not used for longest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Outline] = OrderedDict()
        self._size = 0

    def get(self, series: int, state: tuple[int, int]) -> Outline | None:
        """The outline of a series in a state."""
        with self._lock:
            found = self._kept.get(series)
            if found is None or found.state != state:
                return None
            self._kept.move_to_end(series)
            return found

    def put(self, series: int, outline: Outline) -> None:
        """Remember an outline."""
        with self._lock:
            old = self._kept.pop(series, None)
            self._size += len(outline.points) - (len(old.points) if old is not None else 0)
            self._kept[series] = outline
            while self._size > REMEMBERED_POINTS:
                self._size -= len(self._kept.popitem(last=False)[1].points)


def curves(connection: sqlite3.Connection, query: CurveQuery, outlines: Outlines) -> list[Curve]:
    """See :meth:`EventStore.curves`."""
    tail = HotTail(connection)
    found = []
    for row in scalar_rows(connection, query.kind, query.entities, query.metrics):
        points = _drawn(connection, row, tail.points(row).drawable(), query, outlines)
        if len(points):
            found.append(points_of(row, points))
    return found


def _drawn(connection: sqlite3.Connection, row: SeriesRow, hot: Points, query: CurveQuery, outlines: Outlines) -> Points:
    whole = query.start is None and query.end is None
    stored = _outlined(connection, row.id, hot, query.samples, outlines) if whole else None
    points = Points.join([_stored(connection, row.id, hot, query) if stored is None else stored, hot]).ordered().drawable()
    axis = points.iterations
    if query.axis == "timestamp":
        points = points.pick(np.argsort(points.timestamps, kind="stable"))
        axis = points.timestamps
    if not whole:
        low = np.searchsorted(axis, LOWEST if query.start is None else query.start, "left")
        high = np.searchsorted(axis, HIGHEST if query.end is None else query.end, "right")
        points, axis = points.pick(slice(int(low), int(high))), axis[low:high]
    return thin(points, query.samples, axis)


# --- whole curves ---


def _outlined(connection: sqlite3.Connection, series: int, hot: Points, samples: int, outlines: Outlines) -> Points | None:
    """The folded points of a series as its outline has them; None when that is not enough.

    Chunks never change, and their numbers grow and are not used again: the highest one and how many there are tell one
    state of a series from all others. A hot point among the folded ones may replace a point of the outline.
    """
    count, highest = connection.execute("SELECT count(*), max(id) FROM chunk WHERE series = ?", (series,)).fetchone()
    if not count:
        return EMPTY
    outline = outlines.get(series, (count, highest))
    if outline is None:
        outline = _outline(connection, series, (count, highest))
        outlines.put(series, outline)
    enough = outline.exact or len(outline.points) >= samples
    return outline.points if enough and (not len(hot) or hot.iterations[0] > outline.last) else None


def _outline(connection: sqlite3.Connection, series: int, state: tuple[int, int]) -> Outline:
    chunks = chunk_rows(connection, series)
    parts = [_summary(connection, chunk) for chunk in chunks]
    points = Points.join(parts).drawable()
    exact = sum(map(len, parts)) == sum(chunk.count for chunk in chunks) and len(points) <= OUTLINE_POINTS
    if len(points) > OUTLINE_POINTS:
        ends = points.pick(np.sort(time_ends(points.timestamps)))
        points = Points.join([thin(points, OUTLINE_POINTS - 2, points.iterations), ends]).ordered()
    return Outline(state, chunks[-1].last, points, exact)


def _summary(connection: sqlite3.Connection, chunk: ChunkRow) -> Points:
    """The summary of a chunk; of a short chunk its points."""
    summary = connection.execute("SELECT summary FROM chunk WHERE id = ?", (chunk.id,)).fetchone()[0]
    return unpack_summary(summary) if summary else read_chunk(connection, chunk.id)


# --- stretches of curves ---


def _stored(connection: sqlite3.Connection, series: int, hot: Points, query: CurveQuery) -> Points:
    """The folded points that a query can show: those of its first and last chunk, those of chunks among which hot points
    fall, and of the others the points or, where that is enough, the summaries."""
    chunks = [chunk for chunk in chunk_rows(connection, series) if _touches(chunk, query)]
    return Points.join(list(_parts(connection, chunks, hot, query)))


def _touches(chunk: ChunkRow, query: CurveQuery) -> bool:
    first, last = _span(chunk, query)
    return (query.start is None or last >= query.start) and (query.end is None or first <= query.end)


def _within(chunk: ChunkRow, query: CurveQuery) -> bool:
    first, last = _span(chunk, query)
    return (query.start is None or first >= query.start) and (query.end is None or last <= query.end)


def _span(chunk: ChunkRow, query: CurveQuery) -> tuple[int, int]:
    return (chunk.first, chunk.last) if query.axis == "iteration" else (chunk.first_time, chunk.last_time)


def _parts(connection: sqlite3.Connection, chunks: list[ChunkRow], hot: Points, query: CurveQuery) -> Iterator[Points]:
    inner = [chunk for chunk in chunks if _within(chunk, query) and not len(hot.between(chunk.first, chunk.last))]
    summaries: dict[int, Points] = {}
    if sum(chunk.count for chunk in inner) > query.samples:
        summaries = {chunk.id: _summary(connection, chunk) for chunk in inner}
        many = sum(chunk.count for chunk in inner) > WHOLE_POINTS
        if sum(map(len, summaries.values())) < (query.samples // 4 if many else query.samples):
            summaries = {}
    for chunk in chunks:
        found = summaries.get(chunk.id)
        yield read_chunk(connection, chunk.id) if found is None else found
