"""Durable scalars over HTTP: batches of 100, 1,000 and 10,000 points, 1 and 32 clients; as a ratio to the bare floor."""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from benchmarks.loading import Body, load, make_tasks
from benchmarks.report import figure
from benchmarks.startup import resident

RUNS = 5
SECONDS = 3.0
CASES = [(100, 1), (100, 32), (1000, 1), (1000, 32), (10_000, 8)]
AIMS = {(1000, 32): "300,000", (10_000, 8): "700,000"}


class Point(msgspec.Struct, gc=False):
    """What the floor decodes."""

    type: str
    task: str
    metric: str
    variant: str
    iter: int
    timestamp: int
    value: float


def floor(events: int, folder: Path) -> float:
    """Points per second when the same bodies are decoded and written as one row each, with a commit each, and nothing else."""
    connection = sqlite3.connect(folder / f"floor{events}-{time.perf_counter_ns()}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE batch (id INTEGER PRIMARY KEY, data BLOB)")
    body, decoder = Body("a" * 32, events), msgspec.json.Decoder(Point)
    bodies = [body.at(batch) for batch in range(20)]
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < 1.0:
        raw = bodies[done % len(bodies)]
        decoder.decode_lines(raw)
        connection.execute("INSERT INTO batch (data) VALUES (?)", (raw,))
        done += 1
    rate = done * events / (time.perf_counter() - began)
    connection.close()
    return rate


def main(cases: list[tuple[int, int]] = CASES, runs: int = RUNS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    key = (ACCESS_KEY, SECRET_KEY)
    with tempfile.TemporaryDirectory() as name, ServerProcess(Path(name) / "server") as server:
        url = server.api
        sent = 0
        for events, clients in cases:
            tasks = asyncio.run(make_tasks(url, key, clients))
            rates, taken, bases, first = [], [], [], 0
            for _ in range(runs):
                bases.append(floor(events, Path(name)))
                result, first = asyncio.run(load(url, key, tasks, events, seconds, first))
                rates.append(result.rate)
                taken += result.seconds
                sent += len(result.seconds) * events
            base = ("the floor", statistics.median(bases))
            label = f"{clients} clients, {events:,} points a request"
            figure(label, rates, "points/s", base, AIMS.get((events, clients), ""))
            figure("  99th of 100 answers after", sorted(taken)[int(len(taken) * 0.99)] * 1000, "ms", aim="100")
        figure("resident memory of the server", resident(server.pid), "MiB")
        print(f"{sent:,} points sent, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one short run of the main case")
    if parser.parse_args().quick:
        main([(1000, 32), (10_000, 8)], 1, 3.0)
    else:
        main()
