"""The embedded event store passes the conformance suite; what it promises beyond."""

import argparse
import asyncio
import random
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
    LogSearch,
    Sample,
    Scalars,
    StoreBusyError,
)
from trackyard.core.settings import Settings
from trackyard.core.testing.event_store_model import batch_of
from trackyard.core.testing.event_store_suite import TIME, EventStoreSuite
from trackyard.storage_backends.events_embedded import chunks, compaction, compactor, filters, searching, writer
from trackyard.storage_backends.events_embedded.command import run
from trackyard.storage_backends.events_embedded.housekeeping import FEW_PAGES
from trackyard.storage_backends.events_embedded.schema import PAGE_SIZE
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
    monkeypatch.setattr(filters, "FILTER_FROM", 1)
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
        full = (await store.space("task"))[0].size
        await store.delete("task", ["a"])
        await store.settle()
    finally:
        await store.close()
    assert full > 7_000_000
    assert (tmp_path / "events.db").stat().st_size <= (FEW_PAGES + 64) * PAGE_SIZE
    assert not (tmp_path / "events.db-wal").exists()


async def _every_kind_of_block(path: Path) -> None:
    """A store with folded and hot scalars and logs, a chunk with a summary, a block with a filter, and all kinds of samples."""
    store = await EmbeddedEventStore.open(path)
    try:
        points = [("loss", "train", i, TIME + i, i / 7) for i in range(5000)]
        lines = [LogRecord(TIME + i, "info", "", f"line {i} of a log, long enough to fill a block") for i in range(2000)]
        samples = [
            Sample("plot", "p", "v", 1, TIME, text="a plot that is long enough to be found again" * 3),
            Sample("training_debug_image", "i", "v", 1, TIME, text="http://files/picture.png"),
            Sample("training_stats_vector", "w", "v", 1, TIME, vector=np.arange(50) / 7),
        ]
        await store.append(batch_of("a", points, samples, lines))
        await store.settle()
        await store.append(batch_of("a", points[:5], logs=[LogRecord(TIME, "info", "", "one more")]))
    finally:
        await store.close()


BLOBS = {
    "chunk": "SELECT id, data FROM chunk",
    "chunk summary": "SELECT id, summary FROM chunk",
    "log": "SELECT id, data FROM log",
    "log filter": "SELECT log, data FROM log_filter",
    "item": "SELECT id, data FROM item",
    "hot": "SELECT id, data FROM hot",
}


def _blobs(path: Path) -> list[tuple[str, str, bytes]]:
    """Every stored blob: the name of its kind and row, as faults have it."""
    connection = sqlite3.connect(path)
    try:
        return [(kind, f"{kind} {number}", blob) for kind, query in BLOBS.items() for number, blob in connection.execute(query)]
    finally:
        connection.close()


async def _faults(path: Path) -> list[str]:
    store = await EmbeddedEventStore.open(path)
    try:
        return [fault.where for fault in await store.fsck()]
    finally:
        await store.close()


async def test_fsck_finds_a_flipped_byte_in_every_kind_of_block(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    await _every_kind_of_block(path)
    assert await _faults(path) == []
    whole, blobs, generator = path.read_bytes(), _blobs(path), random.Random(17)
    assert {kind for kind, _, _ in blobs} == set(BLOBS)
    for _, name, blob in blobs:
        start = blob[:400]  # a longer one goes on in other pages
        assert whole.count(start) == 1
        for _ in range(3):
            at = whole.index(start) + generator.randrange(len(start))
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << generator.randrange(8)]) + whole[at + 1 :])
            assert await _faults(path) == [name]


async def test_no_flipped_byte_anywhere_changes_an_answer_unseen(tmp_path: Path) -> None:
    """Bytes that nobody reads (free ones within pages) may change; all others are found, or the file does not open."""
    path = tmp_path / "events.db"
    await _every_kind_of_block(path)
    whole, blobs, generator = path.read_bytes(), _blobs(path), random.Random(19)
    for _ in range(40):
        at = generator.randrange(100, len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << generator.randrange(8)]) + whole[at + 1 :])
        try:
            found = await _faults(path)
        except EventStoreError:
            continue
        assert found or _blobs(path) == blobs, at


async def test_a_store_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    await (await EmbeddedEventStore.open(path)).close()
    connection = sqlite3.connect(path)
    connection.executescript("DROP TRIGGER log_filter_goes; DROP TABLE log_filter; PRAGMA user_version=1")
    connection.close()
    await _every_kind_of_block(path)
    assert await _faults(path) == []
    assert len(_blobs(path)) == 9


async def test_a_search_passes_over_blocks_that_lack_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    look = searching._look
    monkeypatch.setattr(searching, "_look", lambda data, needle: looked.append(1) or look(data, needle))
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        lines = [LogRecord(TIME + i, "info", "", f"step {i} of a training run that goes on for long") for i in range(20_000)]
        lines[12_345].message = "Traceback (most recent call last):"
        await store.append(batch_of("a", logs=lines))
        await store.settle()
        for text, hits, blocks in (
            ("zebra crossing", 0, 0),
            ("TRACEBACK", 1, 1),
            ("go", 100, None),
            ("K ", 1, None),
            ("(", 1, None),
            ("kw", 0, None),
        ):
            looked.clear()
            page = await store.search_logs(LogSearch("task", ["a"], text))
            assert len(page.hits) == hits
            assert blocks is None or len(looked) == blocks
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
