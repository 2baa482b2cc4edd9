"""Folding hot rows into chunks and log blocks, off the path of those who write and read."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from trackyard.core.contracts.events import LogRecord
from trackyard.storage_backends.events_embedded.blocks import HotScalars, LogBlock, pack_logs
from trackyard.storage_backends.events_embedded.chunks import pack_chunk, stretch_of, unpack_chunk
from trackyard.storage_backends.events_embedded.columns import Points, checksum
from trackyard.storage_backends.events_embedded.filters import pack_filter

__all__ = [
    "ChunkRow",
    "Fold",
    "LogRow",
    "chunk_rows",
    "fold_logs",
    "fold_scalars",
    "log_pieces",
    "log_rows",
    "new_chunk",
    "new_log",
    "read_chunk",
    "read_logs",
]

MIN_CAPACITY = 16_384
MAX_CAPACITY = 131_072
CHUNKS_PER_SERIES = 64
"""Chunks grow with their series, so that a long one is summed up by about this many."""

MAX_HOT_EVENTS = 500_000
MAX_HOT_LOG_BYTES = 2 << 20
"""Events and compressed log records folded in one go; bounds memory."""

LOG_RECORDS = 4096
LOG_BYTES = 256 << 10
"""A block of the log holds at most about this many records or bytes of text."""


NewLog: TypeAlias = tuple[int, int, int, int, int, int, bytes, bytes]
"""A block of the log that is to be written: the columns of its row (see :meth:`Fold.write`), then its filter."""


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Where a chunk is and what it spans."""

    id: int
    first: int
    last: int
    first_time: int
    last_time: int
    count: int


@dataclass(frozen=True, slots=True)
class LogRow:
    """Where a block of the log is and what it spans."""

    id: int
    first: int
    last: int
    count: int


@dataclass(slots=True)
class Fold:
    """What the writer does to put a fold into effect; ``hot`` are the rows it replaces."""

    entity: int
    kind: str
    hot: list[int]
    drop_chunks: list[int]
    add_chunks: list[tuple[int | bytes | None, ...]]
    drop_logs: list[int]
    add_logs: list[NewLog]

    def write(self, connection: sqlite3.Connection) -> bool:
        """Part of a transaction of the writer; False, and nothing done, when the rows have been deleted meanwhile."""
        if self.hot:
            span = (self.entity, self.kind, self.hot[0], self.hot[-1])
            found = "SELECT count(*) FROM hot WHERE entity = ? AND kind = ? AND id BETWEEN ? AND ?"
            if connection.execute(found, span).fetchone()[0] != len(self.hot):
                return False
            connection.execute("DELETE FROM hot WHERE entity = ? AND kind = ? AND id BETWEEN ? AND ?", span)
        elif connection.execute("SELECT 1 FROM entity WHERE id = ?", (self.entity,)).fetchone() is None:
            return False
        connection.executemany("DELETE FROM chunk WHERE id = ?", [(number,) for number in self.drop_chunks])
        connection.executemany(
            "INSERT INTO chunk (series, first, last, first_time, last_time, count, size, crc, summary_crc, summary, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.add_chunks,
        )
        connection.executemany("DELETE FROM log WHERE id = ?", [(number,) for number in self.drop_logs])
        for *block, filter_ in self.add_logs:
            insert = "INSERT INTO log (entity, first, last, count, size, crc, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
            row = (connection.execute(insert, block).lastrowid, checksum(filter_), filter_)
            if filter_:
                connection.execute("INSERT INTO log_filter (log, crc, data) VALUES (?, ?, ?)", row)
        return True


def chunk_rows(connection: sqlite3.Connection, series: int) -> list[ChunkRow]:
    """The chunks of a series by iteration, without their data."""
    cursor = connection.execute(
        "SELECT id, first, last, first_time, last_time, count FROM chunk WHERE series = ? ORDER BY first", (series,)
    )
    return [ChunkRow(*row) for row in cursor]


def new_chunk(series: int, points: Points, total: int) -> tuple[int | bytes | None, ...]:
    """The row of a chunk (columns of the insert in :meth:`Fold.write`); points sorted, distinct, not empty, of a series of
    about ``total`` points."""
    summary, data = pack_chunk(points, stretch_of(total))
    times = int(points.timestamps.min()), int(points.timestamps.max())
    span = int(points.iterations[0]), int(points.iterations[-1])
    size = len(data) + len(summary)
    return (series, *span, *times, len(points), size, checksum(data), checksum(summary), summary, data)


def fold_scalars(connection: sqlite3.Connection, entity: int) -> Fold | None:
    """Fold the oldest hot scalars of an entity; None when there are none."""
    fold, rows = _hot_rows(connection, entity, "s")
    if not rows:
        return None
    parts = [HotScalars.read(data) for data in rows]
    series = np.concatenate([np.repeat(part.series, np.diff(part.offsets)) for part in parts])
    points = Points.join([part.points for part in parts])
    order = np.argsort(series, kind="stable")
    series, points = series[order], points.pick(order)
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    for start, stop in zip(starts, np.append(starts[1:], len(series)), strict=True):
        _fold_series(connection, fold, int(series[start]), points.pick(slice(start, stop)).ordered())
    return fold


def _hot_rows(connection: sqlite3.Connection, entity: int, kind: str) -> tuple[Fold, list[bytes]]:
    """The oldest hot rows of an entity, up to a bounded number of events."""
    fold = Fold(entity, kind, [], [], [], [], [])
    rows: list[bytes] = []
    events = size = 0
    cursor = connection.execute("SELECT id, events, data FROM hot WHERE entity = ? AND kind = ? ORDER BY id", (entity, kind))
    for number, count, data in cursor:
        fold.hot.append(number)
        rows.append(data)
        events += count
        size += len(data)
        if events >= MAX_HOT_EVENTS or (kind == "l" and size >= MAX_HOT_LOG_BYTES):
            break
    cursor.close()
    return fold, rows


def _fold_series(connection: sqlite3.Connection, fold: Fold, series: int, new: Points) -> None:
    chunks = chunk_rows(connection, series)
    total = sum(chunk.count for chunk in chunks) + len(new)
    for chunk, points in _late(chunks, new):
        _replace(connection, fold, series, [chunk], points, total)
    fresh = new.pick(new.iterations > chunks[-1].last) if chunks else new
    if len(fresh):
        tail = _mergeable(chunks, set(fold.drop_chunks), len(fresh), _capacity(total))
        _replace(connection, fold, series, tail, fresh, total)


def _late(chunks: list[ChunkRow], new: Points) -> Iterator[tuple[ChunkRow, Points]]:
    """Points that belong among those already folded, with the chunk that takes them."""
    if not chunks or new.iterations[0] > chunks[-1].last:
        return
    late = new.pick(new.iterations <= chunks[-1].last)
    firsts = np.array([chunk.first for chunk in chunks])
    home = np.maximum(np.searchsorted(firsts, late.iterations, "right") - 1, 0)
    for index in np.unique(home):
        yield chunks[index], late.pick(home == index)


def _mergeable(chunks: list[ChunkRow], touched: set[int], count: int, capacity: int) -> list[ChunkRow]:
    """Chunks at the end that are rewritten together with ``count`` new points, so that sizes fall geometrically towards the
    end and every point is rewritten a few times only."""
    tail: list[ChunkRow] = []
    for chunk in reversed(chunks):
        if chunk.id in touched or chunk.count > 2 * count or chunk.count + count > capacity:
            break
        tail.insert(0, chunk)
        count += chunk.count
    return tail


def _capacity(total: int) -> int:
    """Points of a chunk at most, in a series of so many."""
    return int(np.clip(1 << (total // CHUNKS_PER_SERIES).bit_length(), MIN_CAPACITY, MAX_CAPACITY))


def _replace(connection: sqlite3.Connection, fold: Fold, series: int, old: list[ChunkRow], points: Points, total: int) -> None:
    """Put chunks and new points of a series of ``total`` points together, cut to at most the capacity."""
    merged = Points.join([*(read_chunk(connection, chunk.id) for chunk in old), points]).ordered()
    fold.drop_chunks += [chunk.id for chunk in old]
    pieces = -(-len(merged) // _capacity(total))
    for index in range(pieces):
        part = merged.pick(slice(index * len(merged) // pieces, (index + 1) * len(merged) // pieces))
        fold.add_chunks.append(new_chunk(series, part, total))


def read_chunk(connection: sqlite3.Connection, number: int) -> Points:
    """The points of a chunk."""
    summary, data = connection.execute("SELECT summary, data FROM chunk WHERE id = ?", (number,)).fetchone()
    return unpack_chunk(data, summary)


def fold_logs(connection: sqlite3.Connection, entity: int) -> Fold | None:
    """Fold the oldest hot log records of an entity; None when there are none."""
    fold, rows = _hot_rows(connection, entity, "l")
    if not rows:
        return None
    new = sorted((record for data in rows for record in LogBlock.read(data).records()), key=_time)
    blocks = log_rows(connection, entity)
    late = bisect_right(new, blocks[-1].last, key=_time) if blocks else 0
    _add_late_logs(connection, fold, blocks, new[:late])
    new = new[late:]
    while new and blocks and blocks[-1].id not in fold.drop_logs and _log_mergeable(blocks[-1], new):
        block = blocks.pop()
        fold.drop_logs.append(block.id)
        new = read_logs(connection, block.id) + new
    fold.add_logs += [new_log(entity, piece) for piece in log_pieces(new)]
    return fold


def _time(record: LogRecord) -> int:
    return record.timestamp


def log_rows(connection: sqlite3.Connection, entity: int) -> list[LogRow]:
    """The blocks of a log by time, without their records."""
    cursor = connection.execute("SELECT id, first, last, count FROM log WHERE entity = ? ORDER BY first", (entity,))
    return [LogRow(*row) for row in cursor]


def _log_mergeable(block: LogRow, new: list[LogRecord]) -> bool:
    """Whether the last block is rewritten together with what follows it; see :func:`_mergeable`."""
    return (
        block.count <= 2 * len(new)
        and block.count + len(new) <= LOG_RECORDS
        and sum(len(record.message) for record in new) <= LOG_BYTES
    )


def _add_late_logs(connection: sqlite3.Connection, fold: Fold, blocks: list[LogRow], late: list[LogRecord]) -> None:
    """Rewrite the blocks among whose times the records fall."""
    firsts = [block.first for block in blocks]
    homes: dict[int, list[LogRecord]] = {}
    for record in late:
        homes.setdefault(max(bisect_right(firsts, record.timestamp) - 1, 0), []).append(record)
    for home, records in homes.items():
        fold.drop_logs.append(blocks[home].id)
        merged = sorted(read_logs(connection, blocks[home].id) + records, key=_time)
        fold.add_logs += [new_log(fold.entity, piece) for piece in log_pieces(merged)]


def read_logs(connection: sqlite3.Connection, number: int) -> list[LogRecord]:
    """The records of a block."""
    return LogBlock.read(connection.execute("SELECT data FROM log WHERE id = ?", (number,)).fetchone()[0]).records()


def log_pieces(records: list[LogRecord]) -> Iterator[list[LogRecord]]:
    """Cut sorted records into blocks, never inside a millisecond."""
    piece: list[LogRecord] = []
    size = 0
    for record in records:
        if piece and (len(piece) >= LOG_RECORDS or size >= LOG_BYTES) and record.timestamp != piece[-1].timestamp:
            yield piece
            piece, size = [], 0
        piece.append(record)
        size += len(record.message)
    if piece:
        yield piece


def new_log(entity: int, records: list[LogRecord]) -> NewLog:
    """A block of records, which are sorted and not empty."""
    data = pack_logs(records)
    filter_ = pack_filter("\n".join(record.message for record in records).encode("utf-8", "surrogatepass"))
    return (
        entity,
        records[0].timestamp,
        records[-1].timestamp,
        len(records),
        len(data) + len(filter_),
        checksum(data),
        data,
        filter_,
    )
