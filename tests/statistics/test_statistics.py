"""Numbers over time: collected, stored in batches, kept while the store takes none."""

import asyncio
import logging
import math
from typing import Any, cast

import numpy as np
import pytest
from trackyard.core import statistics
from trackyard.core.background import Delayed
from trackyard.core.contracts.events import Aggregate, AppendResult, Entity, EventBatch, StoreBusyError
from trackyard.core.kernel import Kernel
from trackyard.core.statistics import Bucket, Statistics, machine_numbers, milliseconds, series_of

WORKER = Entity("worker", "w")


class FakeEvents:
    """A store that refuses while ``busy``."""

    def __init__(self) -> None:
        self.busy = False
        self.batches: list[EventBatch] = []

    async def append(self, batch: EventBatch) -> AppendResult:
        if self.busy:
            raise StoreBusyError("too much is waiting")
        self.batches.append(batch)
        return AppendResult(len(batch))


class FakeKernel:
    """What `Statistics` and `Delayed` use of a kernel."""

    def __init__(self) -> None:
        self.events = FakeEvents()
        self.spawned: list[asyncio.Task[Any]] = []

    def spawn(self, work: Any, name: str) -> asyncio.Task[Any]:
        self.spawned.append(asyncio.get_running_loop().create_task(work, name=name))
        return self.spawned[-1]


def make() -> tuple[FakeKernel, Statistics]:
    kernel = FakeKernel()
    return kernel, Statistics(cast(Kernel, kernel), "test")


async def test_numbers_are_stored_by_series() -> None:
    kernel, taken = make()
    taken.record(WORKER, 1000, {("a", ""): 1.0, ("b", "0"): 2.0})
    taken.record(WORKER, 2000, {("a", ""): 3.0})
    await taken.flush()
    await taken.flush()
    (batch,) = kernel.events.batches
    (item,) = batch.items
    assert item.entity == WORKER
    assert item.scalars is not None
    assert item.scalars.names == [("a", ""), ("b", "0")]
    assert item.scalars.offsets.tolist() == [0, 2, 3]
    assert item.scalars.timestamps.tolist() == item.scalars.iterations.tolist() == [1000, 2000, 1000]
    assert item.scalars.values.tolist() == [1.0, 3.0, 2.0]


async def test_numbers_that_were_refused_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    kernel, taken = make()
    kernel.events.busy = True
    taken.record(WORKER, 1000, {("a", ""): 1.0})
    with caplog.at_level(logging.WARNING):
        await taken.flush()
    assert "too much is waiting" in caplog.text
    kernel.events.busy = False
    taken.record(WORKER, 2000, {("a", ""): 2.0})
    await taken.flush()
    (batch,) = kernel.events.batches
    assert batch.items[0].scalars is not None
    assert batch.items[0].scalars.values.tolist() == [1.0, 2.0]


async def test_too_many_numbers_are_dropped(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(statistics, "LIMIT", 2)
    kernel, taken = make()
    with caplog.at_level(logging.WARNING):
        for moment in range(3):
            taken.record(WORKER, moment, {("a", ""): 1.0})
    await taken.flush()
    assert len(kernel.events.batches[0]) == 2
    assert "dropped" in caplog.text


async def test_delayed_work_is_shared() -> None:
    kernel, done = FakeKernel(), list[int]()

    async def work() -> None:
        done.append(1)

    delayed = Delayed(cast(Kernel, kernel), "work", 0.001, work)
    for _ in range(3):
        delayed.ask()
    while not done:
        await asyncio.sleep(0.001)
    await asyncio.gather(*kernel.spawned)
    assert done == [1]
    delayed.ask()
    await delayed.now()
    assert done == [1, 1], "work done at once is not done once more later"


def test_machine_numbers() -> None:
    report = {"cpu": [1, 2.5], "memory": 3, "text": "4", "flag": True, "none": None, "nan": math.nan, "part": [None, 5]}
    assert machine_numbers(report) == {("cpu", "0"): 1.0, ("cpu", "1"): 2.5, ("memory", "total"): 3.0, ("part", "1"): 5.0}
    assert len(machine_numbers({"cpu": [1] * 5000})) == statistics.REPORT_LIMIT


def test_timestamps_in_seconds_or_milliseconds() -> None:
    assert milliseconds(1_700_000_000) == milliseconds(1_700_000_000_000) == 1_700_000_000_000


def aggregate(start: int, values: list[float]) -> Aggregate:
    column = np.array(values)
    starts = np.array([start], dtype=np.int64)
    counts = np.array([len(values)], dtype=np.int64)
    return Aggregate("w", "a", "0", starts, np.array([column.mean()]), np.array([column.min()]), np.array([column.max()]), counts)


def test_series_are_joined_by_interval() -> None:
    joined = series_of([aggregate(10, [1.0, 3.0]), aggregate(10, [8.0]), aggregate(0, [5.0])])
    assert joined == {0: Bucket(1, 5.0, 5.0, 5.0), 10: Bucket(3, 4.0, 1.0, 8.0)}
    assert list(joined) == [0, 10]
