"""Reading events: curves of short and long series, many curves together, pages and searches of a long log, bytes stored."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from trackyard.core.contracts.events import (
    CurveQuery,
    Entity,
    EntityEvents,
    EventBatch,
    EventStore,
    LogQuery,
    LogRecord,
    LogSearch,
    Scalars,
)
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from benchmarks.report import figure

RUNS = 15
TIME = 1_700_000_000_000
PART = 200_000
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


def record(index: int, generator: np.random.Generator) -> LogRecord:
    """A line as training writes them."""
    word, number = WORDS[index % len(WORDS)], generator.random()
    return LogRecord(
        TIME + index,
        "info",
        "host:gpu0",
        f"2026-11-25 08:00:{index % 60:02d} [{index:>9}] {word} {number:.6f}, eta {index % 977}s",
    )


async def fill_log(store: EventStore, task: str, lines: int, generator: np.random.Generator) -> int:
    """A log of so many lines; bytes of their text."""
    text = 0
    for start in range(0, lines, 10_000):
        records = [record(index, generator) for index in range(start, min(start + 10_000, lines))]
        text += sum(len(item.message) + 1 for item in records)
        await store.append(EventBatch([EntityEvents(Entity("task", task), logs=records)]))
    return text


async def timed(work: Callable[[], Awaitable[object]], runs: int = RUNS) -> list[float]:
    """Milliseconds of each run, after one that is not counted."""
    await work()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


async def curves(store: EventStore, sizes: list[int], generator: np.random.Generator) -> None:
    """Curves of 2,000 drawn points from series of several lengths, and the bytes that a point costs."""
    base = None
    for size in sizes:
        await fill_curve(store, f"curve{size}", size, generator)
        await store.settle()
        taken = await timed(lambda size=size: store.curves(CurveQuery("task", [f"curve{size}"])))  # type: ignore[misc]
        middle = figure(f"curve of {size:,} points, 2,000 drawn", taken, "ms", base, {10**6: "1.5", 10**7: "2"}.get(size, ""))
        base = base or (f"that of {size:,}", middle)
        space = (await store.space("task", [f"curve{size}"]))[0]
        figure(f"  bytes per point of {size:,}", space.size / space.events, "B", aim="8")


async def comparison(store: EventStore, generator: np.random.Generator) -> None:
    """A hundred tasks with ten metrics each of 10,000 points."""
    tasks = [f"compared{index}" for index in range(100)]
    names = [(f"metric {index}", "train") for index in range(10)]
    for task in tasks:
        await store.append(EventBatch([EntityEvents(Entity("task", task), "", scalars(names, 0, 10_000, generator))]))
    await store.settle()
    for samples in (200, 600):
        taken = await timed(lambda samples=samples: store.curves(CurveQuery("task", tasks, samples=samples)), 5)  # type: ignore[misc]
        figure(f"100 tasks × 10 metrics × 10,000 points, {samples} drawn of each", taken, "ms", aim="300")


async def log(store: EventStore, lines: int, generator: np.random.Generator) -> None:
    """Pages at both ends and in the middle, searches for a line at the end and for none, bytes stored per byte of text."""
    text = await fill_log(store, "logged", lines, generator)
    await store.settle()
    entity = Entity("task", "logged")
    for place, after in (("beginning", None), ("middle", TIME + lines // 2), ("end", TIME + lines - 1500)):
        taken = await timed(lambda after=after: store.logs(LogQuery(entity, after=after, newest=False, limit=1000)))  # type: ignore[misc]
        figure(f"1,000 of {lines:,} log lines, {place}", taken, "ms", aim="20")
    for what, needle in (("one line near the end", f"[{lines - 5:>9}]"), ("nothing", "zebra")):
        taken = await timed(lambda needle=needle: store.search_logs(LogSearch("task", ["logged"], needle)), 3)  # type: ignore[misc]
        figure(f"search in {lines:,} lines that finds {what}", taken, "ms", aim="1,000")
    space = (await store.space("task", ["logged"]))[0]
    figure("  bytes stored per byte of log text", space.size / text, "", aim="0.35")


async def measure(sizes: list[int], lines: int) -> None:
    """Everything on one store."""
    generator = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        store = await EmbeddedEventStore.open(Path(folder) / "events.db")
        try:
            await curves(store, sizes, generator)
            await comparison(store, generator)
            await log(store, lines, generator)
        finally:
            await store.close()


def main(sizes: tuple[int, ...] = (10**4, 10**5, 10**6, 10**7), lines: int = 10**6) -> None:
    """Measure and print."""
    asyncio.run(measure(list(sizes), lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10**6, help="lines of the log")
    main(lines=parser.parse_args().lines)
