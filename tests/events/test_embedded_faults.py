"""The embedded event store when processes are killed and disks fail."""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from trackyard.core.contracts.events import (
    Entity,
    EventStoreError,
    LogQuery,
    LogRecord,
    PointQuery,
    Sample,
    SampleQuery,
    StoreFullError,
)
from trackyard.core.testing.event_store_model import batch_of
from trackyard.storage_backends.events_embedded import writer
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from tests.events import failpoints

TIME = 1_700_000_000_000
HERE = Path(__file__).parent


def test_a_killed_process_loses_nothing_that_it_acknowledged() -> None:
    """As many moments as fit 12 seconds; ``python -m tests.events.crashing`` takes 200."""
    command = [sys.executable, "-m", "tests.events.crashing", "200", "12"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=170, cwd=HERE.parent.parent)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(result.stdout.splitlines()) > 3


@pytest.mark.skipif(not failpoints.available(), reason="SQLite is hidden inside this interpreter")
@pytest.mark.parametrize("kind", ["eio", "full"])
def test_a_failing_change_of_a_file_tears_nothing(kind: str) -> None:
    """Every 17th write, truncation, sync and deletion of a working day; ``python -m tests.events.failing eio 1`` takes all."""
    command = [sys.executable, "-m", "tests.events.failing", kind, "17"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=170, cwd=HERE.parent.parent)
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(result.stdout) > 10


class FailingConnection:
    """A connection whose n-th statement fails."""

    def __init__(self, connection: sqlite3.Connection, message: str, fail_at: int) -> None:
        self._connection = connection
        self._message = message
        self.left = fail_at

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise sqlite3.OperationalError(self._message)

    def execute(self, *arguments: object) -> object:
        self._count()
        return self._connection.execute(*arguments)  # type: ignore[arg-type]

    def executemany(self, *arguments: object) -> object:
        self._count()
        return self._connection.executemany(*arguments)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


async def contents(store: EmbeddedEventStore) -> tuple[list[int], list[str], list[str]]:
    """Iterations, lines and plots of the task."""
    page = await store.points(PointQuery(Entity("task", "a")))
    log = await store.logs(LogQuery(Entity("task", "a")))
    plots = await store.samples(SampleQuery("task", ["a"], "plot", order="asc"))
    lines = [record.message for record in log.records]
    return (page.series[0].iterations.tolist() if page.series else []), lines, [plot.text for plot in plots.samples]


@pytest.mark.parametrize(
    ("message", "error"), [("disk I/O error", EventStoreError), ("database or disk is full", StoreFullError)], ids=["eio", "full"]
)
async def test_a_failing_statement_tears_nothing(tmp_path: Path, message: str, error: type[Exception]) -> None:
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    connection = store._writer._connection
    stored: list[int] = []
    try:
        for fail_at in range(1, 100):
            failing = FailingConnection(connection, message, fail_at)
            store._writer._connection = failing  # type: ignore[assignment]
            plot = Sample("plot", f"p{fail_at}", "v", fail_at, TIME, text=str(fail_at))
            record = LogRecord(TIME + fail_at, "info", "", str(fail_at))
            with contextlib.suppress(error):
                await store.append(batch_of("a", [("loss", "train", fail_at, TIME, 1.0)], [plot], [record]))
                stored.append(fail_at)
            store._writer._connection = connection
            texts = [str(number) for number in stored]
            assert await contents(store) == (stored, texts, texts)
            if failing.left > 0:
                break
        assert failing.left > 0
        assert fail_at > 4
        assert await store.fsck() == []
    finally:
        store._writer._connection = connection
        await store.close()


async def test_one_bad_write_of_a_group_fails_alone(tmp_path: Path) -> None:
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    bad = batch_of("a", [("loss", "train", 1, TIME, 1.0)], [Sample("plot", "p", "v", 2**70, TIME, text="{}")])
    good = [batch_of("b", [("loss", "train", i, TIME, 1.0)]) for i in range(20)]
    try:
        results = await asyncio.gather(*map(store.append, [*good[:10], bad, *good[10:]]), return_exceptions=True)
        assert [isinstance(result, Exception) for result in results] == [False] * 10 + [True] + [False] * 10
        assert await contents(store) == ([], [], [])
        page = await store.points(PointQuery(Entity("task", "b")))
        assert page.series[0].iterations.tolist() == list(range(20))
    finally:
        await store.close()


async def test_without_free_space_nothing_is_taken_and_ready_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        with monkeypatch.context() as patch:
            patch.setattr(writer, "RESERVE_BYTES", 2**62)
            with pytest.raises(StoreFullError):
                await store.append(batch_of("a", [("loss", "train", 1, TIME, 1.0)]))
            with pytest.raises(StoreFullError):
                await store.ready()
        await store.append(batch_of("a", [("loss", "train", 2, TIME, 1.0)]))
        assert await contents(store) == ([2], [], [])
        await store.delete("task", ["a"])
    finally:
        await store.close()


LIMITED = """
import asyncio, json, resource, sys
from pathlib import Path
from trackyard.core.contracts.events import Entity, EventStoreError, PointQuery
from trackyard.core.testing.event_store_model import batch_of
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

async def main(folder):
    store = await EmbeddedEventStore.open(folder / "events.db")
    stored, failures = [], 0
    for batch in range(60):
        size = (folder / "events.db-wal").stat().st_size
        limit = size + 9000 if batch % 3 == 1 else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            await store.append(batch_of("a", [("loss", "train", batch * 500 + k, 0, 1.0) for k in range(500)]))
            stored.append(batch)
        except EventStoreError:
            failures += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    page = await store.points(PointQuery(Entity("task", "a"), limit=10**9))
    whole = page.series[0].iterations.tolist() == [batch * 500 + k for batch in stored for k in range(500)]
    print(json.dumps({"failures": failures, "whole": whole, "faults": len(await store.fsck())}))
    await store.close()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_writes_that_the_system_refuses_tear_nothing(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, timeout=170)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["failures"] > 0
    assert (said["whole"], said["faults"]) == (True, 0)
