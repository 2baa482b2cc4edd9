"""Columns of scalar points: what they are in memory, how they are packed, and how they are thinned out for drawing."""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray
from trackyard.core.contracts.events import SINGLE_VALUE_ITERATION, Floats, Ints

__all__ = [
    "EMPTY",
    "Points",
    "checksum",
    "compress",
    "decompress",
    "pack",
    "pack_ints",
    "pack_summary",
    "thin",
    "unpack",
    "unpack_ints",
    "unpack_summary",
]

LEVEL = 3
"""Level of zstd: higher ones gain a few per cent on numbers and cost several times the work."""

SUMMARY_FROM = 4096
"""Chunks of fewer points carry no summary: reading them whole is as cheap."""

SUMMARY_BUCKETS = 64
SUMMARY_STRETCH = 512
"""A chunk's summary keeps the lowest and the highest point of stretches of that many points, of at most so many stretches."""

LARGEST = 9.2e18
"""Nearly the largest whole number of 64 bits."""

_local = threading.local()


def compress(data: bytes, level: int = LEVEL) -> bytes:
    """One zstd frame; the compressor of each thread is kept because making one costs more than using it."""
    key = f"compressor_{level}"
    compressor = getattr(_local, key, None)
    if compressor is None:
        compressor = zstandard.ZstdCompressor(level=level)
        setattr(_local, key, compressor)
    return bytes(compressor.compress(data))


def decompress(data: bytes) -> bytes:
    """The content of one zstd frame."""
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    return bytes(decompressor.decompress(data))


def checksum(data: bytes) -> int:
    """CRC-32, what every stored blob is checked against."""
    return zlib.crc32(data)


@dataclass(slots=True)
class Points:
    """Parallel columns: iterations, timestamps (ms) and values."""

    iterations: Ints
    timestamps: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def pick(self, index: slice | NDArray[Any]) -> Points:
        """The points at an index, slice or mask."""
        return Points(self.iterations[index], self.timestamps[index], self.values[index])

    def between(self, first: int, last: int) -> Points:
        """Points of sorted columns with ``first`` ≤ iteration ≤ ``last``."""
        low = np.searchsorted(self.iterations, first, "left")
        high = np.searchsorted(self.iterations, last, "right")
        return self.pick(slice(int(low), int(high)))

    def ordered(self) -> Points:
        """Sorted by iteration; of equal iterations the last one stays."""
        if len(self) < 2:
            return self
        if (self.iterations[1:] > self.iterations[:-1]).all():  # differences would wrap at the special iterations
            return self
        order = np.argsort(self.iterations, kind="stable")
        iterations = self.iterations[order]
        keep = np.append(iterations[1:] != iterations[:-1], True)
        return self.pick(order[keep])

    def drawable(self) -> Points:
        """Without special iterations (columns sorted by iteration)."""
        if not len(self) or self.iterations[0] > SINGLE_VALUE_ITERATION:
            return self
        return self.pick((self.iterations != SINGLE_VALUE_ITERATION) & (self.iterations != np.iinfo(np.int64).min))

    @staticmethod
    def join(parts: list[Points]) -> Points:
        """One after the other."""
        if not parts:
            return EMPTY
        if len(parts) == 1:
            return parts[0]
        return Points(
            np.concatenate([part.iterations for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            np.concatenate([part.values for part in parts]),
        )


EMPTY = Points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


def _shuffle(column: NDArray[Any]) -> bytes:
    """The first bytes of all numbers, then the second ones…: equal bytes meet, which zstd likes."""
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def _unshuffle(data: bytes, offset: int, count: int) -> Ints:
    """Whole numbers from shuffled ones; most of their bytes are zero everywhere and need no work."""
    raw = np.frombuffer(data, np.uint8, count * 8, offset).reshape(8, count)
    numbers = np.zeros((count, 8), np.uint8)
    for index in range(8):
        if raw[index].any():
            numbers[:, index] = raw[index]
    return numbers.view(np.int64).reshape(count)


def pack_ints(column: Ints) -> bytes:
    """Differences of neighbours, shuffled: 8 bytes each, most of them zero."""
    return _shuffle(np.diff(column, prepend=np.int64(0)))


def unpack_ints(data: bytes, offset: int, count: int) -> Ints:
    """The inverse of :func:`pack_ints`; sums wrap just as the differences did."""
    return np.cumsum(_unshuffle(data, offset, count), dtype=np.int64)


def _pack_planes(values: NDArray[Any]) -> bytes:
    """Each byte of the numbers as a column of its own, compressed where that helps (mantissas are noise, exponents are not);
    together they would share one statistic and cost half a byte more."""
    packed = []
    for plane in np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.itemsize).T:
        raw = plane.tobytes()
        small = compress(raw)
        packed.append(small if len(small) < len(raw) else raw)
    return b"".join([np.array([len(data) for data in packed], np.uint32).tobytes(), *packed])


def _unpack_planes(data: bytes, offset: int, count: int, size: int) -> Floats:
    sizes = np.frombuffer(data, np.uint32, size, offset).tolist()
    offset += 4 * size
    planes = np.empty((count, size), np.uint8)
    for index, length in enumerate(sizes):
        raw = data[offset : offset + length]
        planes[:, index] = np.frombuffer(raw if length == count else decompress(raw), np.uint8)
        offset += length
    return planes.view(np.float32 if size == 4 else np.float64).reshape(count).astype(np.float64, copy=False)


_HEAD = struct.Struct("<BII")


def pack(points: Points) -> bytes:
    """Compressed columns. Values that lose nothing as 32-bit floats (most of deep learning) are kept as such."""
    with np.errstate(over="ignore"):
        single = points.values.astype(np.float32)
    exact = bool(np.array_equal(single.astype(np.float64), points.values, equal_nan=True))
    numbers = compress(pack_ints(points.iterations) + pack_ints(points.timestamps))
    return _HEAD.pack(4 if exact else 8, len(points), len(numbers)) + numbers + _pack_planes(single if exact else points.values)


def unpack(data: bytes) -> Points:
    """The inverse of :func:`pack`."""
    size, count, length = _HEAD.unpack_from(data)
    raw = decompress(data[_HEAD.size : _HEAD.size + length])
    values = _unpack_planes(data, _HEAD.size + length, count, size)
    return Points(unpack_ints(raw, 0, count), unpack_ints(raw, 8 * count, count), values)


def _mark_extremes(values: Floats, starts: Ints, marks: NDArray[np.bool_]) -> None:
    """Mark the first lowest and first highest value of each stretch; of a stretch of nothing but NaN its first."""
    lengths = np.diff(np.append(starts, len(values)))
    missing = np.isnan(values)
    for fill, reduce in ((np.inf, np.minimum), (-np.inf, np.maximum)):
        filled = np.where(missing, fill, values) if missing.any() else values
        hits = np.flatnonzero(filled == np.repeat(reduce.reduceat(filled, starts), lengths))
        stretch = np.searchsorted(starts, hits, "right")
        marks[hits[np.append(True, stretch[1:] != stretch[:-1])]] = True


def _chosen(points: Points, starts: Ints) -> Points:
    """Both ends, and the extremes of the stretches that begin at ``starts``."""
    marks = np.zeros(len(points), np.bool_)
    marks[[0, -1]] = True
    _mark_extremes(points.values, starts, marks)
    return points.pick(np.flatnonzero(marks))


def summary_of(points: Points) -> Points:
    """The points that stand for a chunk when a curve is too long to be read whole: extremes of equal stretches and both ends."""
    buckets = min(len(points) // SUMMARY_STRETCH, SUMMARY_BUCKETS)
    if not buckets:
        return points
    return _chosen(points, np.linspace(0, len(points), buckets, endpoint=False).astype(np.int64))


def thin(points: Points, samples: int, axis: Ints) -> Points:
    """At most ``samples`` points: both ends, and the lowest and highest of equal stretches of the sorted ``axis``."""
    if len(points) <= samples:
        return points
    buckets = max((samples - 2) // 2, 0)
    if not buckets:
        return points.pick(np.array([0, len(points) - 1][: max(samples, 1)]))
    edges = np.linspace(float(axis[0]), float(axis[-1]), buckets, endpoint=False)
    edges = np.clip(edges, -LARGEST, LARGEST).astype(np.int64)  # of the axis' own type, which is not converted then
    starts = np.searchsorted(axis, edges, "left")
    starts[0] = 0
    return _chosen(points, starts[np.append(True, starts[1:] > starts[:-1])])


_SUMMARY = struct.Struct("<I")


def pack_summary(points: Points) -> bytes:
    """A summary, uncompressed: many of them are read for one curve. Empty when the chunk is too short to need one."""
    if len(points) < SUMMARY_FROM:
        return b""
    chosen = summary_of(points)
    columns = (chosen.iterations, chosen.timestamps, chosen.values)
    return _SUMMARY.pack(len(chosen)) + b"".join(column.tobytes() for column in columns)


def unpack_summary(data: bytes) -> Points:
    """The inverse of :func:`pack_summary`."""
    count = _SUMMARY.unpack_from(data)[0]
    numbers = np.frombuffer(data, np.int64, 2 * count, _SUMMARY.size)
    return Points(numbers[:count], numbers[count:], np.frombuffer(data, np.float64, count, _SUMMARY.size + 16 * count))
