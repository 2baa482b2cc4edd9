"""How the points of a chunk are kept: a summary that is enough for drawing, and all the rest."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from trackyard.core.contracts.events import NO_ITERATION, SINGLE_VALUE_ITERATION, Floats, Ints
from trackyard.storage_backends.events_embedded.columns import (
    Points,
    compress,
    decompress,
    pack_floats,
    pack_ints,
    shuffle,
    unpack_floats,
    unpack_ints,
    unshuffle,
)

__all__ = ["pack_chunk", "stretch_of", "thin", "time_ends", "unpack_chunk", "unpack_summary"]

SUMMARY_FROM = 4096
"""Chunks of fewer points carry no summary: reading them whole is as cheap."""

SUMMARY_STRETCHES = 2048
MIN_STRETCH = 32
MAX_STRETCH = 2048
"""A summary keeps the lowest and the highest point of each so many points: as many as cut the series, as long as it is when
the chunk is written, into about ``SUMMARY_STRETCHES``."""

MOVED = 16
"""Flag of a chunk's first byte: the values of the summary's points are in the summary only."""

LARGEST = 9.2e18
"""Nearly the largest whole number of 64 bits."""

_HEAD = struct.Struct("<BII")
"""Bytes of a value (and flags), number of points, bytes of the compressed whole numbers."""


def stretch_of(total: int) -> int:
    """How many points of a series of ``total`` points one stretch of a summary spans."""
    return int(np.clip(1 << max((total // SUMMARY_STRETCHES).bit_length() - 1, 0), MIN_STRETCH, MAX_STRETCH))


def pack_chunk(points: Points, stretch: int) -> tuple[bytes, bytes]:
    """The summary (empty when the chunk is too short to need one) and the data of a chunk.

    Values that lose nothing as 32-bit floats (most of deep learning) are kept as such.
    """
    with np.errstate(over="ignore"):
        single = points.values.astype(np.float32)
    exact = bool(np.array_equal(single.astype(np.float64), points.values, equal_nan=True))
    values: NDArray[Any] = single if exact else points.values
    places = _summary_places(points, stretch)
    flags = values.itemsize | (MOVED if len(places) else 0)
    numbers = compress(pack_ints(points.iterations) + pack_ints(points.timestamps))
    head = _HEAD.pack(flags, len(points), len(numbers))
    data = head + numbers + pack_floats(np.delete(values, places))
    return (_pack_summary(points.pick(places), values[places]) if len(places) else b""), data


def unpack_chunk(data: bytes, summary: bytes) -> Points:
    """All points of a chunk, from both of its parts."""
    flags, count, length = _HEAD.unpack_from(data)
    raw = decompress(data[_HEAD.size : _HEAD.size + length])
    iterations, timestamps = unpack_ints(raw, 0, count), unpack_ints(raw, 8 * count, count)
    if not flags & MOVED:
        return Points(iterations, timestamps, unpack_floats(data, _HEAD.size + length, count, flags))
    chosen = unpack_summary(summary)
    others = np.ones(count, np.bool_)
    places = np.searchsorted(iterations, chosen.iterations)
    others[places] = False
    values = np.empty(count, np.float64)
    values[places] = chosen.values
    values[others] = unpack_floats(data, _HEAD.size + length, count - len(chosen), flags - MOVED)
    return Points(iterations, timestamps, values)


# --- summaries ---


def _summary_places(points: Points, stretch: int) -> Ints:
    """Where the points of the summary are: both ends by iteration and by time, and the extremes of stretches; special
    iterations aside."""
    special = (points.iterations == SINGLE_VALUE_ITERATION) | (points.iterations == NO_ITERATION)
    drawn = np.flatnonzero(~special)
    if len(drawn) < max(SUMMARY_FROM, stretch):
        return np.empty(0, np.int64)
    buckets = len(drawn) // stretch
    extremes = _extremes(points.values[drawn], np.arange(buckets) * len(drawn) // buckets)
    return drawn[np.union1d(extremes, time_ends(points.timestamps[drawn]))]


def _pack_summary(points: Points, values: NDArray[Any]) -> bytes:
    """Iterations as differences, times as what they are off a straight line between both ends; values as they are, since many
    summaries are read for one curve."""
    strays = points.timestamps - _straight(points.iterations, points.timestamps[0], points.timestamps[-1])
    times = np.append(points.timestamps[[0, -1]], (strays << 1) ^ (strays >> 63))
    numbers = compress(pack_ints(points.iterations) + shuffle(times))
    return b"".join([_HEAD.pack(values.itemsize, len(points), len(numbers)), numbers, values.tobytes()])


def unpack_summary(data: bytes) -> Points:
    """The points of a summary that is not empty."""
    count = int.from_bytes(data[:4], "little")
    if len(data) == 4 + 24 * count:  # as the first version of the file had them
        numbers = np.frombuffer(data, np.int64, 2 * count, 4)
        return Points(numbers[:count], numbers[count:], np.frombuffer(data, np.float64, count, 4 + 16 * count))
    size, count, length = _HEAD.unpack_from(data)
    raw = decompress(data[_HEAD.size : _HEAD.size + length])
    iterations, times = unpack_ints(raw, 0, count), unshuffle(raw, 8 * count, count + 2)
    strays = (times[2:].view(np.uint64) >> np.uint64(1)).view(np.int64) ^ -(times[2:] & 1)
    timestamps = _straight(iterations, times[0], times[1]) + strays
    values = np.frombuffer(data, np.float32 if size == 4 else np.float64, count, _HEAD.size + length)
    return Points(iterations, timestamps, values.astype(np.float64, copy=False))


def _straight(iterations: Ints, first: np.int64, last: np.int64) -> Ints:
    """Times of iterations if all took equally long; where that cannot be computed with 64 bits, the first time."""
    steps, span = int(iterations[-1]) - int(iterations[0]), int(last) - int(first)
    if steps <= 0 or steps * abs(span) >= 2**62 or abs(span) >= 2**62:
        return np.full(len(iterations), first)
    line: Ints = first + (iterations - iterations[0]) * span // steps
    return line


# --- choosing points ---


def time_ends(timestamps: Ints) -> Ints:
    """Places of the first of the earliest times and of the last of the latest ones."""
    return np.array([timestamps.argmin(), len(timestamps) - 1 - timestamps[::-1].argmax()])


def _extremes(values: Floats, starts: Ints) -> Ints:
    """Places of both ends, and of the first lowest and first highest value of the stretches that begin at ``starts``; of a
    stretch of nothing but NaN its first."""
    marks = np.zeros(len(values), np.bool_)
    marks[[0, -1]] = True
    lengths = np.diff(starts, append=len(values))
    missing = np.isnan(values)
    gaps = bool(missing.any())
    for fill, reduce in ((np.inf, np.minimum), (-np.inf, np.maximum)):
        filled = np.where(missing, fill, values) if gaps else values
        hits = np.flatnonzero(filled == np.repeat(reduce.reduceat(filled, starts), lengths))
        if len(hits) > len(starts):  # equal values: the first of each stretch
            stretch = np.searchsorted(starts, hits, "right")
            hits = hits[np.flatnonzero(np.diff(stretch, prepend=0))]
        marks[hits] = True
    return np.flatnonzero(marks)


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
    return points.pick(_extremes(points.values, starts[np.flatnonzero(np.diff(starts, prepend=-1))]))
