"""Raw points in pages of whole iterations, over all series of one entity."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
from trackyard.core.contracts.events import SINGLE_VALUE_ITERATION, PointPage, PointQuery
from trackyard.storage_backends.events_embedded.catalog import SeriesRow
from trackyard.storage_backends.events_embedded.columns import EMPTY, Points
from trackyard.storage_backends.events_embedded.compaction import chunk_rows, read_chunk
from trackyard.storage_backends.events_embedded.reading import HotTail, pieces, points_of, scalar_rows

__all__ = ["point_page"]


class _Reader:
    """Reads one series forward (or backward) and holds what has been read beyond the cursor."""

    def __init__(self, row: SeriesRow, source: Iterator[Points], newest_first: bool, special: bool) -> None:
        self.row = row
        self.points = EMPTY
        self.done = False
        self._source = source
        self._newest_first = newest_first
        self._special = special

    def read(self) -> None:
        """Read one more piece."""
        piece = next(self._source, None)
        if piece is None:
            self.done = True
            return
        piece = piece if self._special else piece.drawable()
        self.points = Points.join([piece, self.points] if self._newest_first else [self.points, piece])

    @property
    def reach(self) -> int | None:
        """The iteration up to which everything is known; None before the first point."""
        if not len(self.points):
            return None
        return int(self.points.iterations[0 if self._newest_first else -1])

    def within(self, cut: int | None) -> Points:
        """What lies up to the cut."""
        if cut is None:
            return self.points
        iterations = self.points.iterations
        return self.points.pick(iterations >= cut if self._newest_first else iterations <= cut)


def point_page(connection: sqlite3.Connection, query: PointQuery) -> PointPage:
    """See :meth:`EventStore.points`."""
    newest_first = query.order == "desc"
    tail = HotTail(connection)
    rows = scalar_rows(connection, query.entity.kind, [query.entity.id], query.metrics)
    readers = [
        _Reader(row, pieces(connection, row, tail.points(row), query.after, newest_first), newest_first, query.special)
        for row in rows
    ]
    cut, more = _page_cut(readers, query.limit, newest_first)
    found = []
    for reader in readers:
        points = reader.within(cut)
        if len(points):
            found.append(points_of(reader.row, points.pick(slice(None, None, -1)) if newest_first else points))
    total = sum(_count(connection, row, tail, query.special) for row in rows) if query.count else None
    return PointPage(found, cut if more else None, total)


def _page_cut(readers: list[_Reader], limit: int, newest_first: bool) -> tuple[int | None, bool]:
    """Read until ``limit`` points are known for certain; the last iteration of the page, and whether more may follow."""
    sign = -1 if newest_first else 1
    while True:
        open_readers = [reader for reader in readers if not reader.done]
        slowest = min(open_readers, key=lambda reader: _order(reader, sign), default=None)
        if slowest is not None and slowest.reach is None:
            slowest.read()
            continue
        known = [reader.within(slowest.reach if slowest else None).iterations for reader in readers]
        if slowest is None or sum(map(len, known)) >= limit:
            break
        slowest.read()
    iterations = np.concatenate(known) if known else np.empty(0, np.int64)
    if len(iterations) <= limit and slowest is None:
        return None, False
    nearest = np.partition(iterations, limit - 1 if sign > 0 else len(iterations) - limit)
    cut = int(nearest[limit - 1] if sign > 0 else nearest[len(iterations) - limit])
    return cut, True


def _order(reader: _Reader, sign: int) -> int:
    """Readers that know nothing come first, then those that have got least far."""
    reach = reader.reach
    return -(2**64) if reach is None else sign * reach


def _count(connection: sqlite3.Connection, row: SeriesRow, tail: HotTail, special: bool) -> int:
    """How many points a series holds; chunks into which hot points fall are read to count those once."""
    hot = tail.points(row) if special else tail.points(row).drawable()
    total = len(hot)
    for chunk in chunk_rows(connection, row.id):
        over = len(hot.between(chunk.first, chunk.last))
        if over or (not special and chunk.first <= SINGLE_VALUE_ITERATION):
            stored = read_chunk(connection, chunk.id)
            stored = stored if special else stored.drawable()
            total += len(np.setdiff1d(stored.iterations, hot.iterations, assume_unique=True))
        else:
            total += chunk.count
    return total
