"""A program for the failpoint test: the same work again and again, where each time another change of a file fails.

Run as ``python -m tests.events.failing KIND STEP`` with KIND ``eio`` (one change fails) or ``full`` (all changes fail from one
on, until there is space again) and STEP 1 to let every change fail once, 7 for every seventh. Prints the number of faults.
"""

import asyncio
import contextlib
import logging
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from trackyard.core.contracts.events import Entity, EventStoreError, LogQuery, LogRecord, PointQuery, Sample, SampleQuery
from trackyard.core.testing.event_store_model import batch_of
from trackyard.storage_backends.events_embedded import compaction, compactor
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from tests.events.failpoints import Failpoints

BATCHES = 12
POINTS = 5
TIME = 1_700_000_000_000

compaction.MIN_CAPACITY = 16
compaction.LOG_RECORDS = 4
compactor.HOT_ROWS = 3
compactor.RETRY_SECONDS = 0.001


@dataclass
class Seen:
    """What was answered: batches that are durable, whether the other task was deleted."""

    stored: set[int] = field(default_factory=set)
    deleted: bool = False


async def append(store: EmbeddedEventStore, batch: int, seen: Seen) -> None:
    """A batch of every kind of event."""
    points = [("loss", "train", batch * POINTS + k, TIME + batch, float(batch)) for k in range(POINTS)]
    plot = Sample("plot", "p", "v", batch, TIME + batch, text=str(batch))
    with contextlib.suppress(EventStoreError):
        await store.append(batch_of("a", points, [plot], [LogRecord(TIME + batch, "info", "", str(batch))]))
        seen.stored.add(batch)


async def work(store: EmbeddedEventStore, seen: Seen, settles: bool) -> None:
    """Batches, folding, a deletion."""
    with contextlib.suppress(EventStoreError):
        await store.append(batch_of("b", [("loss", "train", k, TIME, 1.0) for k in range(POINTS)]))
    for batch in range(BATCHES):
        await append(store, batch, seen)
        if settles and batch % 5 == 4:
            await asyncio.wait_for(store.settle(), 120)
    with contextlib.suppress(EventStoreError):
        await store.delete("task", ["b"])
        seen.deleted = True


async def check(store: EmbeddedEventStore, seen: Seen, batches: int) -> None:
    """Everything that was acknowledged is there once; what was not is there whole or not at all."""
    task = Entity("task", "a")
    page = await store.points(PointQuery(task, limit=10**9))
    iterations = page.series[0].iterations.tolist() if page.series else []
    found = sorted({iteration // POINTS for iteration in iterations})
    assert iterations == [batch * POINTS + k for batch in found for k in range(POINTS)], iterations
    lines = [record.message for record in (await store.logs(LogQuery(task, limit=10**9))).records]
    plots = [sample.text for sample in (await store.samples(SampleQuery("task", ["a"], "plot", order="asc"))).samples]
    assert lines == plots == [str(batch) for batch in found], (found, lines, plots)
    assert seen.stored <= set(found) <= set(range(batches)), (seen.stored, found)
    if seen.deleted:
        assert (await store.points(PointQuery(Entity("task", "b")))).series == []


async def opened(path: Path, faults: Failpoints) -> EmbeddedEventStore:
    """The store; a fault while it is opened is told, and opening it again works."""
    try:
        return await EmbeddedEventStore.open(path)
    except EventStoreError:
        faults.heal()
        return await EmbeddedEventStore.open(path)


async def attempt(folder: Path, faults: Failpoints, fail_at: int) -> bool:
    """Everything with one fault; False when the work has not so many changes of files."""
    seen, path = Seen(), folder / "events.db"
    faults.arm(fail_at)
    store = await opened(path, faults)
    await work(store, seen, settles=not faults.full)
    if faults.full and faults.failed and len(seen.stored) < BATCHES and faults.fail_at:
        with contextlib.suppress(EventStoreError):
            await store.ready()
            raise AssertionError("a store that takes nothing says that it is ready")
    reached = faults.failed > 0
    if faults.full:
        faults.heal()
    await store.ready()
    await append(store, BATCHES, seen)
    assert BATCHES in seen.stored or not faults.full
    await check(store, seen, BATCHES + 1)
    await store.close()
    faults.heal()
    store = await EmbeddedEventStore.open(path)
    await check(store, seen, BATCHES + 1)
    await store.settle()
    await check(store, seen, BATCHES + 1)
    assert await store.fsck() == []
    await store.close()
    return reached or faults.failed > 0


def main() -> None:
    kind, step = sys.argv[1], int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    faults = Failpoints(full=kind == "full")
    faults.install()
    count, fail_at = 0, 1
    while True:
        with tempfile.TemporaryDirectory() as folder:
            try:
                if not asyncio.run(attempt(Path(folder), faults, fail_at)):
                    break
            except BaseException:
                print(f"{kind} of change {fail_at}", file=sys.stderr)
                raise
        count, fail_at = count + 1, fail_at + step
    print(count)


if __name__ == "__main__":
    main()
