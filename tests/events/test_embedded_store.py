"""The embedded event store passes the conformance suite; what it promises beyond."""

import argparse
import asyncio
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from trackyard.core.contracts.events import (
    Entity,
    EntityEvents,
    EventBatch,
    EventStore,
    EventStoreError,
    LogRecord,
    Sample,
    Scalars,
    StoreBusyError,
)
from trackyard.core.settings import Settings
from trackyard.core.testing.event_store_model import batch_of
from trackyard.core.testing.event_store_suite import TIME, EventStoreSuite
from trackyard.storage_backends.events_embedded import chunks, compaction, compactor, writer
from trackyard.storage_backends.events_embedded.command import run
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore


class TestEmbeddedStore(EventStoreSuite):
    async def open_store(self, folder: Path) -> EventStore:
        return await EmbeddedEventStore.open(folder / "events.db")


@pytest.fixture
def tiny_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks and blocks of a few events, folded at once, so that small histories cross all their borders."""
    for name, value in {"MIN_CAPACITY": 4, "MAX_CAPACITY": 8, "LOG_RECORDS": 3, "MAX_HOT_EVENTS": 5}.items():
        monkeypatch.setattr(compaction, name, value)
    monkeypatch.setattr(compactor, "HOT_ROWS", 2)
    monkeypatch.setattr(chunks, "SUMMARY_FROM", 4)
    monkeypatch.setattr(chunks, "MIN_STRETCH", 2)


@pytest.mark.usefixtures("tiny_chunks")
class TestEmbeddedStoreWithTinyChunks(TestEmbeddedStore):
    """The same suite where everything is folded all the time."""


async def test_another_process_cannot_open_the_store(tmp_path: Path) -> None:
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        with pytest.raises(EventStoreError, match="another process"):
            await EmbeddedEventStore.open(tmp_path / "events.db")
    finally:
        await store.close()


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "events.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(EventStoreError, match="newer version"):
        await EmbeddedEventStore.open(tmp_path / "events.db")
    (tmp_path / "other.db").write_bytes(b"no database at all, but longer than a header of one" * 100)
    with pytest.raises(EventStoreError, match="cannot open"):
        await EmbeddedEventStore.open(tmp_path / "other.db")


async def test_a_point_costs_less_than_eight_bytes(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        times = TIME + np.cumsum(generator.integers(80, 120, 50_000))
        values = generator.normal(size=50_000)
        points = [("loss", "train", i, int(times[i]), float(values[i])) for i in range(50_000)]
        await store.append(batch_of("a", points))
        await store.settle()
        assert (await store.space("task", ["a"]))[0].size <= 8 * 50_000
    finally:
        await store.close()


async def test_space_is_given_back_to_the_file_system(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        values = generator.normal(size=1_000_000)
        name, iterations = ("loss", "train"), np.arange(len(values))
        scalars = Scalars([name], [None], np.array([0, len(values)]), iterations, iterations, values)
        await store.append(EventBatch([EntityEvents(Entity("task", "a"), "", scalars)]))
        await store.settle()
        await store.delete("task", ["a"])
        await store.settle()
    finally:
        await store.close()
    assert (tmp_path / "events.db").stat().st_size < 8_000_000
    assert not (tmp_path / "events.db-wal").exists()


async def test_fsck_finds_a_flipped_byte(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    store = await EmbeddedEventStore.open(path)
    samples = [Sample("plot", "p", "v", 1, TIME, text="a plot that is long enough to be found again" * 3)]
    points = [("loss", "train", i, TIME + i, i / 7) for i in range(5000)]
    await store.append(batch_of("a", points, samples, [LogRecord(TIME, "info", "", "some line of a log")]))
    await store.settle()
    await store.append(batch_of("a", points[:5], logs=[LogRecord(TIME, "info", "", "one more")]))
    await store.close()
    whole = path.read_bytes()
    connection = sqlite3.connect(path)
    blobs = {
        where: connection.execute(query).fetchone()[0]
        for where, query in {
            "chunk": "SELECT substr(data, 1, 400) FROM chunk",
            "chunk summary": "SELECT substr(summary, 1, 400) FROM chunk",
            "log": "SELECT data FROM log",
            "item": "SELECT data FROM item",
            "hot": "SELECT data FROM hot",
        }.items()
    }
    connection.close()
    for where, blob in blobs.items():
        at = whole.index(blob) + len(blob) // 2
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        store = await EmbeddedEventStore.open(path)
        try:
            assert [fault.where.rstrip("0123456789 ") for fault in await store.fsck()] == [where]
        finally:
            await store.close()


async def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING_BYTES", 1)
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    await store.settle()  # else the compactor's jobs would stand in the queue as well
    gate = threading.Event()
    try:
        held = store._writer.submit(lambda connection: gate.wait(120))
        while store._writer._waiting:
            await asyncio.sleep(0)
        first = asyncio.create_task(store.append(batch_of("a", [("loss", "train", 1, TIME, 1.0)])))
        while not store._writer._waiting:
            await asyncio.sleep(0)
        with pytest.raises(StoreBusyError) as caught:
            await store.append(batch_of("a", [("loss", "train", 2, TIME, 1.0)]))
        assert caught.value.retry_after > 0
        gate.set()
        assert (await first).added == 1
        assert held.result(120)
    finally:
        gate.set()
        await store.close()


def test_the_file_is_checked_by_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(environ={}, data_dir=tmp_path)
    assert run(argparse.Namespace(), settings) == 2
    store = EmbeddedEventStore(tmp_path / "events.db")
    try:
        assert run(argparse.Namespace(), settings) == 2
        assert "stop the server" in capsys.readouterr().err
    finally:
        store._close()
    assert run(argparse.Namespace(), settings) == 0
    assert "everything is well" in capsys.readouterr().out
    assert run(argparse.Namespace(), Settings(environ={"TRACKYARD__STORAGE__EVENTS": "clickhouse://x"}, data_dir=tmp_path)) == 2


async def test_what_is_stored_is_folded_without_being_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compactor, "IDLE_SECONDS", 0.0)
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        await store.settle()
        for iteration in range(3):
            await store.append(batch_of("a", [("loss", "train", iteration, TIME, 1.0)], logs=[LogRecord(TIME, "info", "", "x")]))
            while await store._read(lambda connection: connection.execute("SELECT count(*) FROM hot").fetchone()[0]):
                await asyncio.sleep(0)
        assert (await store.space("task", ["a"]))[0].events == 3
    finally:
        await store.close()
