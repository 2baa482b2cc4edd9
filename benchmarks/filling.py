"""Events as training reports them, put into a store. Helper of the benchmarks of events."""

from __future__ import annotations

import numpy as np
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, EventStore, LogRecord, Scalars

__all__ = ["TIME", "fill_curve", "fill_log", "fill_metrics", "scalars"]

TIME = 1_700_000_000_000
PART = 200_000
LINES = 10_000
WORDS = [
    "epoch",
    "loss",
    "step",
    "learning rate",
    "validation",
    "saving checkpoint",
    "gradient norm",
    "throughput",
    "batch",
    "worker",
]


def scalars(names: list[tuple[str, str]], start: int, count: int, generator: np.random.Generator) -> Scalars:
    """``count`` points of each name from iteration ``start`` on; values with all their digits."""
    steps = np.tile(np.arange(start, start + count), len(names))
    times = TIME + steps * 100 + generator.integers(0, 40, len(steps))
    offsets = np.arange(len(names) + 1) * count
    return Scalars(names, [None] * len(names), offsets, steps, times, generator.normal(size=len(steps)))


async def fill_curve(store: EventStore, task: str, points: int, generator: np.random.Generator) -> None:
    """One series of so many points."""
    for start in range(0, points, PART):
        part = scalars([("loss", "train")], start, min(PART, points - start), generator)
        await store.append(EventBatch([EntityEvents(Entity("task", task), "", part)]))


async def fill_metrics(store: EventStore, task: str, metrics: int, points: int, generator: np.random.Generator) -> None:
    """So many metrics with so many points each."""
    names = [(f"metric {index}", "train") for index in range(metrics)]
    await store.append(EventBatch([EntityEvents(Entity("task", task), "", scalars(names, 0, points, generator))]))


async def fill_log(store: EventStore, task: str, lines: int, generator: np.random.Generator) -> int:
    """A log of so many lines as training writes them, one each millisecond; bytes of their text."""
    text = 0
    for start in range(0, lines, LINES):
        numbers = generator.random(LINES).tolist()
        records = [
            LogRecord(TIME + index, "info", "host:gpu0", _line(index, numbers[index - start]))
            for index in range(start, min(start + LINES, lines))
        ]
        text += sum(len(item.message) + 1 for item in records)
        await store.append(EventBatch([EntityEvents(Entity("task", task), logs=records)]))
    return text


def _line(index: int, number: float) -> str:
    return f"2026-11-25 08:00:{index % 60:02d} [{index:>9}] {WORDS[index % len(WORDS)]} {number:.6f}, eta {index % 977}s"
