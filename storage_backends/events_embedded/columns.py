"""Columns of scalar points: what they are in memory, and how whole numbers and floating-point numbers are packed."""

from __future__ import annotations

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
    "pack_floats",
    "pack_ints",
    "shuffle",
    "unpack_floats",
    "unpack_ints",
    "unshuffle",
]

LEVEL = 3
"""Level of zstd: higher ones gain a few per cent on numbers and cost several times the work."""

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


def shuffle(column: NDArray[Any]) -> bytes:
    """The first bytes of all numbers, then the second ones…: equal bytes meet, which zstd likes."""
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def unshuffle(data: bytes, offset: int, count: int) -> Ints:
    """Whole numbers from shuffled ones; most of their bytes are zero everywhere and need no work."""
    raw = np.frombuffer(data, np.uint8, count * 8, offset).reshape(8, count)
    numbers = np.zeros((count, 8), np.uint8)
    for index in range(8):
        if raw[index].any():
            numbers[:, index] = raw[index]
    return numbers.view(np.int64).reshape(count)


def pack_ints(column: Ints) -> bytes:
    """Differences of neighbours, shuffled: 8 bytes each, most of them zero."""
    return shuffle(np.diff(column, prepend=np.int64(0)))


def unpack_ints(data: bytes, offset: int, count: int) -> Ints:
    """The inverse of :func:`pack_ints`; sums wrap just as the differences did."""
    return np.cumsum(unshuffle(data, offset, count), dtype=np.int64)


def pack_floats(values: NDArray[Any]) -> bytes:
    """Each byte of the numbers as a column of its own, compressed where that helps (mantissas are noise, exponents are not);
    together they would share one statistic and cost half a byte more."""
    packed = []
    for plane in np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.itemsize).T:
        raw = plane.tobytes()
        small = compress(raw)
        packed.append(small if len(small) < len(raw) else raw)
    return b"".join([np.array([len(data) for data in packed], np.uint32).tobytes(), *packed])


def unpack_floats(data: bytes, offset: int, count: int, size: int) -> Floats:
    """The inverse of :func:`pack_floats` for ``count`` numbers of ``size`` bytes (4 or 8) that begin at ``offset``."""
    sizes = np.frombuffer(data, np.uint32, size, offset).tolist()
    offset += 4 * size
    planes = np.empty((count, size), np.uint8)
    for index, length in enumerate(sizes):
        raw = data[offset : offset + length]
        planes[:, index] = np.frombuffer(raw if length == count else decompress(raw), np.uint8)
        offset += length
    return planes.view(np.float32 if size == 4 else np.float64).reshape(count).astype(np.float64, copy=False)
