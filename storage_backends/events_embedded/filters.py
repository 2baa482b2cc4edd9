"""Filters of log blocks: which runs of four bytes a block may hold, so that a search passes over most blocks unread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["may_hold", "pack_filter", "runs_of"]

BITS = 64_000
"""Bits of a filter: one page of the database holds it."""

FILTER_FROM = 64 << 10
"""Blocks of less text have no filter: looking through them is as cheap."""

RUN = 4
SPREAD = np.uint32(2654435761)


def folded(text: bytes) -> NDArray[np.uint8]:
    """The text with one bit of every byte set: letters become lower case, others become others, always the same."""
    return np.bitwise_or(np.frombuffer(text, np.uint8), np.uint8(0x20))


def runs_of(text: bytes) -> list[int]:
    """The bits of all runs of a needle; none for a short one."""
    return sorted(set(_bits(text).tolist()))


def _bits(text: bytes) -> NDArray[np.uint32]:
    if len(text) < RUN:
        return np.empty(0, np.uint32)
    column = folded(text).astype(np.uint32)
    runs = column[:-3] | column[1:-2] << 8 | column[2:-1] << 16 | column[3:] << 24
    bits: NDArray[np.uint32] = np.asarray((runs * SPREAD >> 8) % BITS, np.uint32)
    return bits


def pack_filter(text: bytes) -> bytes:
    """The filter of a block's text; empty for a short one."""
    if len(text) < FILTER_FROM:
        return b""
    marks = np.zeros(BITS, np.bool_)
    marks[_bits(text)] = True
    return np.packbits(marks, bitorder="little").tobytes()


def may_hold(data: bytes, runs: list[int]) -> bool:
    """Whether a filter has all runs; if not, the text lacks the needle."""
    return all(data[bit >> 3] >> (bit & 7) & 1 for bit in runs)
