"""Filters of log blocks: which runs of four bytes a block may hold, so that a search passes over most blocks unread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["may_hold", "pack_filter", "runs_of"]

BITS = 64_000
"""Bits of a filter: one page of the database holds it. Below 2¹⁶."""

FILTER_FROM = 64 << 10
"""Blocks of less text have no filter: looking through them is as cheap."""

RUN = 4
SPREAD = np.uint32(2654435761)


def folded(text: bytes) -> NDArray[np.uint8]:
    """The text with one bit of every byte set: letters become lower case, others become others, always the same."""
    return np.bitwise_or(np.frombuffer(text, np.uint8), np.uint8(0x20))


def runs_of(text: bytes) -> list[int]:
    """The bits of all runs of a needle; none for a short one."""
    return sorted({bit for bits in _bits(text) for bit in bits.tolist()})


def _bits(text: bytes) -> Iterator[NDArray[np.uint32]]:
    """The bits of the runs that begin at each fourth byte, then of those one byte on, and so on."""
    data = folded(text).tobytes()
    for offset in range(min(RUN, len(data) - RUN + 1)):
        runs = np.frombuffer(data, "<u4", (len(data) - offset) // RUN, offset) * SPREAD
        runs >>= 16
        runs *= BITS
        runs >>= 16
        yield runs


def pack_filter(text: bytes) -> bytes:
    """The filter of a block's text; empty for a short one."""
    if len(text) < FILTER_FROM:
        return b""
    marks = np.zeros(BITS, np.bool_)
    for bits in _bits(text):
        marks[bits] = True
    return np.packbits(marks, bitorder="little").tobytes()


def may_hold(data: bytes, runs: list[int]) -> bool:
    """Whether a filter has all runs; if not, the text lacks the needle."""
    return all(data[bit >> 3] >> (bit & 7) & 1 for bit in runs)
