"""The two formats of rows that hold many events: scalars of one append, and log records."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from trackyard.core.contracts.events import Ints, LogRecord, Scalars
from trackyard.storage_backends.events_embedded.columns import LEVEL, Points, compress, decompress, pack_ints, unpack_ints

__all__ = ["HotScalars", "LogBlock", "hot_row", "pack_logs", "scalar_columns"]

FAST_LEVEL = 1

_COUNTS = struct.Struct("<II")


# --- scalars of one append: uncompressed columns behind a list of series ---


@dataclass(slots=True)
class HotScalars:
    """``points`` of ``series[k]`` are ``offsets[k]:offsets[k + 1]``, in order of arrival."""

    series: Ints
    offsets: Ints
    points: Points

    @staticmethod
    def read(data: bytes) -> HotScalars:
        """The inverse of :func:`hot_row`."""
        series, points = _COUNTS.unpack_from(data)
        numbers = np.frombuffer(data, np.int64, 2 * series + 1 + 2 * points, _COUNTS.size)
        values = np.frombuffer(data, np.float64, points, _COUNTS.size + 8 * len(numbers))
        start = 2 * series + 1
        columns = Points(numbers[start : start + points], numbers[start + points :], values)
        return HotScalars(numbers[:series], numbers[series:start], columns)


def scalar_columns(scalars: Scalars) -> bytes:
    """What of a row can be written before the numbers of the series are known."""
    return b"".join(column.tobytes() for column in (scalars.offsets, scalars.iterations, scalars.timestamps, scalars.values))


def hot_row(series: Sequence[int], points: int, columns: bytes) -> bytes:
    """A row of scalars: counts, numbers of the series, columns."""
    return _COUNTS.pack(len(series), points) + np.array(series, np.int64).tobytes() + columns


# --- log records ---


@dataclass(slots=True)
class LogBlock:
    """Log records in columns; ``text`` holds all messages with a line feed after each, ``ends`` where each message ends."""

    timestamps: Ints
    levels: list[str]
    workers: list[str]
    level_codes: NDArray[np.uint16]
    worker_codes: NDArray[np.uint16]
    ends: Ints
    text: bytes

    def __len__(self) -> int:
        return len(self.timestamps)

    @staticmethod
    def read(data: bytes) -> LogBlock:
        """The inverse of :func:`pack_logs`."""
        return LogBlock._parse(decompress(data))

    @staticmethod
    def of(records: Sequence[LogRecord]) -> LogBlock:
        """A block of records in memory."""
        return LogBlock._parse(_raw_logs(records))

    @staticmethod
    def _parse(raw: bytes) -> LogBlock:
        count, head = _COUNTS.unpack_from(raw)
        levels, workers = msgspec.msgpack.decode(raw[_COUNTS.size : _COUNTS.size + head], type=tuple[list[str], list[str]])
        at = _COUNTS.size + head
        timestamps, lengths = unpack_ints(raw, at, count), unpack_ints(raw, at + 8 * count, count)
        codes = np.frombuffer(raw, np.uint16, 2 * count, at + 16 * count)
        ends = np.cumsum(lengths + 1) - 1
        return LogBlock(timestamps, levels, workers, codes[:count], codes[count:], ends, raw[at + 20 * count :])

    def message(self, index: int) -> str:
        """The text of one record."""
        start = int(self.ends[index - 1]) + 1 if index else 0
        return self.text[start : int(self.ends[index])].decode("utf-8", "surrogatepass")

    def record(self, index: int) -> LogRecord:
        """One record."""
        level, worker = self.levels[self.level_codes[index]], self.workers[self.worker_codes[index]]
        return LogRecord(int(self.timestamps[index]), level, worker, self.message(index))

    def records(self, start: int = 0, stop: int | None = None) -> list[LogRecord]:
        """Records ``start`` to ``stop`` (exclusive)."""
        return [self.record(index) for index in range(start, len(self) if stop is None else stop)]


def _codes(names: list[str]) -> tuple[list[str], NDArray[np.uint16]]:
    """Distinct names in order of appearance, and the place of each name among them."""
    places: dict[str, int] = {}
    codes = [places.setdefault(name, len(places)) for name in names]
    return list(places), np.array(codes, np.uint16)


def pack_logs(records: Sequence[LogRecord], level: int = LEVEL) -> bytes:
    """A compressed block of at most 65,536 records."""
    return compress(_raw_logs(records), level)


def _raw_logs(records: Sequence[LogRecord]) -> bytes:
    messages = [record.message.encode("utf-8", "surrogatepass") for record in records]
    levels, level_codes = _codes([record.level for record in records])
    workers, worker_codes = _codes([record.worker for record in records])
    head = msgspec.msgpack.encode((levels, workers))
    columns = (
        pack_ints(np.array([record.timestamp for record in records], np.int64)),
        pack_ints(np.array([len(message) for message in messages], np.int64)),
        level_codes.tobytes(),
        worker_codes.tobytes(),
    )
    text = b"\n".join([*messages, b""])
    return b"".join([_COUNTS.pack(len(records), len(head)), head, *columns, text])
