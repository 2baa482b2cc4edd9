"""A program for the crash test: again and again it forks a writer, kills it at a random moment, and checks what is there.

Run as ``python -m tests.events.crashing [ROUNDS [SECONDS [SEED]]]`` (200 rounds, however long they take); ends after so many
rounds or seconds, prints one line per round, and ends with 0 when every check held.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from trackyard.core.contracts.events import Entity, LogQuery, LogRecord, PointQuery
from trackyard.core.testing.event_store_model import batch_of
from trackyard.storage_backends.events_embedded import compaction, compactor
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

CLIENTS = 16
POINTS = 5
TIME = 1_700_000_000_000

compaction.MIN_CAPACITY = 64
compaction.LOG_RECORDS = 8
compactor.HOT_ROWS = 4


async def client(store: EmbeddedEventStore, number: int, first: int, acknowledged: int) -> None:
    """Append batches for ever; say which are durable."""
    for batch in range(first, sys.maxsize):
        points = [("loss", "train", batch * POINTS + k, TIME + batch, float(batch)) for k in range(POINTS)]
        await store.append(batch_of(f"task{number}", points, logs=[LogRecord(TIME + batch, "info", "", str(batch))]))
        os.write(acknowledged, f"{number} {batch}\n".encode())


async def write(folder: Path, firsts: list[int], acknowledged: int) -> None:
    """The child that is killed."""
    store = await EmbeddedEventStore.open(folder / "events.db")
    await asyncio.gather(*(client(store, number, firsts[number], acknowledged) for number in range(CLIENTS)))


async def check(folder: Path, least: list[int], report: int) -> None:
    """The child that checks: every acknowledged batch is there once and whole, in order; tells how many each client has."""
    store = await EmbeddedEventStore.open(folder / "events.db")
    assert await store.fsck() == []
    for number in range(CLIENTS):
        entity = Entity("task", f"task{number}")
        page = await store.points(PointQuery(entity, limit=10**9))
        iterations = page.series[0].iterations.tolist() if page.series else []
        lines = [record.message for record in (await store.logs(LogQuery(entity, limit=10**9))).records]
        count = len(lines)
        assert count > least[number], (number, count, least[number])
        assert lines == [str(batch) for batch in range(count)]
        assert iterations == list(range(count * POINTS))
        os.write(report, f"{count} ".encode())
    await store.close()


def fork(job: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> tuple[int, int]:
    """Run a coroutine in a forked child that gets a pipe to write to; the child's id and the pipe to read from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            asyncio.run(job(*arguments, writing))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def read_all(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def kill_at(child: int, pipe: int, acknowledgements: int, twist: int) -> bytes:
    """Let a writer acknowledge so much, spin a little, kill it; everything it acknowledged."""
    seen = b""
    while seen.count(b"\n") < acknowledgements and (piece := os.read(pipe, 4096)):
        seen += piece
    for _ in range(twist):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return seen + read_all(pipe)


def main() -> None:
    given = iter(sys.argv[1:])
    rounds, seconds, seed = int(next(given, 200)), float(next(given, "inf")), int(next(given, 5))
    with tempfile.TemporaryDirectory() as folder:
        crash(Path(folder), rounds, seconds, random.Random(seed))


def crash(folder: Path, rounds: int, seconds: float, generator: random.Random) -> None:
    """All rounds on one store."""
    counts = [0] * CLIENTS
    end = time.monotonic() + seconds
    for index in range(rounds):
        if time.monotonic() > end:
            break
        acknowledged = kill_at(*fork(write, folder, counts), generator.randrange(60), generator.randrange(200_000))
        least = [count - 1 for count in counts]
        for line in acknowledged.decode().splitlines():
            number, batch = map(int, line.split())
            least[number] = max(least[number], batch)
        child, pipe = fork(check, folder, least)
        report = read_all(pipe)
        status = os.waitpid(child, 0)[1]
        assert status == 0, f"round {index}: the check failed"
        counts = [int(text) for text in report.split()]
        print(index, sum(counts), flush=True)


if __name__ == "__main__":
    main()
