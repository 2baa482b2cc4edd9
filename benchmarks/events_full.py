"""Durable scalars over HTTP into a store that holds 100 million points and into an empty one, in turns; only by name: it is long.

The points are put in through the store itself: it is the same work without HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from benchmarks.events_others import memory
from benchmarks.filling import scalars
from benchmarks.loading import load, make_tasks
from benchmarks.report import figure

TASKS = 100
NAMES = [(f"metric {index}", "train") for index in range(10)]
PART = 20_000
"""Points of each series in one batch."""
RUNS = 15
SECONDS = 2.0
CASES = [(1000, 32), (10_000, 8)]


async def fill(path: Path, points: int) -> float:
    """Put so many points into a new store, task by task; how many a second, until all are folded."""
    path.parent.mkdir(parents=True)
    generator, began = np.random.default_rng(5), time.perf_counter()
    store = await EmbeddedEventStore.open(path)
    each = points // TASKS // len(NAMES)
    for task in range(TASKS):
        for start in range(0, each, PART):
            part = scalars(NAMES, start, min(PART, each - start), generator)
            await store.append(EventBatch([EntityEvents(Entity("task", f"full{task}"), "", part)]))
    await store.settle()
    await store.close()
    return points / (time.perf_counter() - began)


def compare(full: ServerProcess, empty: ServerProcess, runs: int) -> None:
    """Rates of both servers in turns."""
    key = (ACCESS_KEY, SECRET_KEY)
    for events, clients in CASES:
        rates: dict[ServerProcess, list[float]] = {full: [], empty: []}
        tasks = {server: asyncio.run(make_tasks(server.api, key, clients)) for server in rates}
        firsts = dict.fromkeys(rates, 0)
        for _ in range(runs):
            for server, found in rates.items():
                result, firsts[server] = asyncio.run(load(server.api, key, tasks[server], events, SECONDS, firsts[server]))
                found.append(result.rate)
        label = f"{clients} clients, {events:,} points a request"
        figure(f"{label}, empty store", rates[empty], "points/s")
        figure(f"{label}, full store", rates[full], "points/s", ("the empty store", statistics.median(rates[empty])))
        pairs = [one / other for one, other in zip(rates[full], rates[empty], strict=True)]
        figure("  full to empty, turn by turn", pairs, "×", aim="0.9")


def main(points: int = 10**8, runs: int = RUNS) -> None:
    """Fill, measure and print."""
    with tempfile.TemporaryDirectory() as name:
        full, empty = ServerProcess(Path(name) / "full"), ServerProcess(Path(name) / "empty")
        figure(f"filling in {points:,} points without HTTP", asyncio.run(fill(full.data_dir / "events.db", points)), "points/s")
        size = (full.data_dir / "events.db").stat().st_size
        figure("  size of the file", size / 2**20, "MiB")
        figure("  bytes of the file per point", size / points, "B", aim="8")
        with full, empty:
            figure("  memory after the start, full store", memory(full.pid), "MiB", ("the empty store", memory(empty.pid)))
            compare(full, empty, runs)
            figure("  memory afterwards, full store", memory(full.pid), "MiB", ("the empty store", memory(empty.pid)))
        print(f"free on the disk: {shutil.disk_usage(name).free / 2**30:.0f} GiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=10**8, help="points that the full store holds")
    main(parser.parse_args().points)
