"""The embedded event store: one SQLite file, one writing thread, one compacting thread, a few reading threads."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from trackyard.core.contracts.events import (
    Aggregate,
    AggregateQuery,
    AppendResult,
    Curve,
    CurveQuery,
    Deleted,
    Entity,
    EntityKind,
    EventBatch,
    EventStoreError,
    Fault,
    LogPage,
    LogQuery,
    LogSearch,
    LogSearchPage,
    MetricFilter,
    PointPage,
    PointQuery,
    Retention,
    SamplePage,
    SampleQuery,
    SeriesInfo,
    SeriesPoints,
    SeriesType,
    Space,
    StoreClosedError,
)
from trackyard.storage_backends.events_embedded.appending import pack_batch, weight
from trackyard.storage_backends.events_embedded.catalog import Catalog, entity_ids, series_rows
from trackyard.storage_backends.events_embedded.compactor import Compactor
from trackyard.storage_backends.events_embedded.curves import Outlines, curves
from trackyard.storage_backends.events_embedded.housekeeping import (
    delete_entities,
    faults,
    space,
    trim_items,
    trim_logs,
    trim_series,
)
from trackyard.storage_backends.events_embedded.logs import log_page
from trackyard.storage_backends.events_embedded.paging import point_page
from trackyard.storage_backends.events_embedded.reading import aggregate, latest, scalar_series, single_values
from trackyard.storage_backends.events_embedded.samples import item_series, sample_page
from trackyard.storage_backends.events_embedded.schema import connect_reader, connect_writer, touch
from trackyard.storage_backends.events_embedded.searching import search_logs
from trackyard.storage_backends.events_embedded.writer import Writer, check_space

__all__ = ["EmbeddedEventStore", "path_of"]

T = TypeVar("T")

READERS = 4
SEARCHERS = 4
"""Threads, started when they are needed."""

THREAD_FROM = 300_000
"""Batches of more bytes than this are packed in a thread, lighter ones on the spot: that is quicker than a hop."""


class EmbeddedEventStore:
    """See :class:`trackyard.core.contracts.events.EventStore` for what is promised, and ``docs`` for the design."""

    def __init__(self, path: Path) -> None:
        """Open or create the store in the file ``path``. Blocks; use :meth:`open`.

        :raises EventStoreError: another process has it open, or the file cannot be used.
        """
        self._path = path
        self._lock = _lock(path)
        self._catalog = Catalog()
        try:
            connection = connect_writer(path)
        except EventStoreError:
            os.close(self._lock)
            raise
        self._writer = Writer(connection, path, self._catalog.forget)
        self._compactor = Compactor(path, self._writer)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="event-reader")
        self._searchers = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="event-searcher")
        self._local = threading.local()
        self._outlines = Outlines()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> EmbeddedEventStore:
        """Open or create the store in the file ``path``."""
        return await asyncio.to_thread(cls, path)

    async def append(self, batch: EventBatch) -> AppendResult:
        """See the contract."""
        self._check_open()
        packed = await asyncio.to_thread(pack_batch, batch) if weight(batch) > THREAD_FROM else pack_batch(batch)
        owner = batch.items[0].entity if len(batch.items) == 1 else None
        await self._writer.write(
            lambda connection: packed.write(connection, self._catalog), packed.size, self._compactor.grown, owner
        )
        return AppendResult(packed.count)

    async def series(
        self, kind: EntityKind, entities: Sequence[str], types: Sequence[SeriesType] = (), metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesInfo]:
        """See the contract."""

        def read(connection: sqlite3.Connection) -> list[SeriesInfo]:
            rows = series_rows(connection, kind, entities, types, metrics)
            scalars = [row for row in rows if row.type == "training_stats_scalar"]
            others = [row for row in rows if row.type != "training_stats_scalar"]
            found = scalar_series(connection, scalars) | item_series(connection, others)
            return [found[row.id] for row in rows if row.id in found]

        return await self._read(read)

    async def curves(self, query: CurveQuery) -> list[Curve]:
        """See the contract."""
        return await self._read(lambda connection: curves(connection, query, self._outlines))

    async def points(self, query: PointQuery) -> PointPage:
        """See the contract."""
        return await self._read(lambda connection: point_page(connection, query))

    async def single_values(
        self, kind: EntityKind, entities: Sequence[str], metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesPoints]:
        """See the contract."""
        return await self._read(lambda connection: single_values(connection, kind, entities, metrics))

    async def latest(
        self, kind: EntityKind, entities: Sequence[str], count: int = 1, metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesPoints]:
        """See the contract."""
        return await self._read(lambda connection: latest(connection, kind, entities, count, metrics))

    async def samples(self, query: SampleQuery) -> SamplePage:
        """See the contract."""
        return await self._read(lambda connection: sample_page(connection, query))

    async def logs(self, query: LogQuery) -> LogPage:
        """See the contract."""
        return await self._read(lambda connection: log_page(connection, query))

    async def search_logs(self, query: LogSearch) -> LogSearchPage:
        """See the contract."""
        return await self._read(lambda connection: search_logs(connection, query, self._searchers))

    async def aggregate(self, query: AggregateQuery) -> list[Aggregate]:
        """See the contract."""
        return await self._read(lambda connection: aggregate(connection, query))

    async def delete(self, kind: EntityKind, entities: Sequence[str]) -> Deleted:
        """See the contract."""

        def write(connection: sqlite3.Connection) -> int:
            self._catalog.forget()
            return delete_entities(connection, kind, entities)

        self._check_open()
        count = await self._writer.write(write)
        self._compactor.purge()
        return Deleted(count)

    async def delete_logs(self, entity: Entity, before: int | None = None) -> Deleted:
        """See the contract."""
        return await self._trim(entity.kind, [entity.id], 2**63 - 1 if before is None else before, ("log",))

    async def retain(self, retention: Retention) -> Deleted:
        """See the contract."""
        names = retention.entities
        if names is None:
            names = sorted({item.entity.id for item in await self.space(retention.kind)})
        return await self._trim(retention.kind, names, retention.before, retention.types)

    async def space(self, kind: EntityKind, entities: Sequence[str] | None = None) -> list[Space]:
        """See the contract."""
        return await self._read(lambda connection: space(connection, kind, entities))

    async def ready(self) -> None:
        """See the contract. Writes only when the last write failed: looking every second must not cost a sync each."""
        self._check_open()
        await asyncio.to_thread(check_space, self._path)
        if self._writer.failing:
            await self._writer.write(touch, size=1)
        else:
            await self._writer.write(lambda connection: connection.execute("SELECT 1").fetchone())

    async def settle(self) -> None:
        """See the contract."""
        await asyncio.wrap_future(self._compactor.settle())

    async def fsck(self) -> list[Fault]:
        """See the contract."""
        return await self._read(faults)

    async def close(self) -> None:
        """See the contract."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._compactor.close()
        self._readers.shutdown()
        self._searchers.shutdown()
        for connection in self._connections:
            connection.close()
        self._writer.close()
        os.close(self._lock)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosedError("the event store is closed")

    async def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function on a reading connection, all of whose statements see one state."""

        def run() -> T:
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                return read(connection)
            finally:
                connection.execute("ROLLBACK")

        self._check_open()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except sqlite3.Error as error:
            raise EventStoreError(f"the event store {self._path} cannot be read: {error}") from error

    def _reader(self) -> sqlite3.Connection:
        """The reading connection of this thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect_reader(self._path)
            self._connections.append(connection)
        return connection

    async def _trim(self, kind: EntityKind, names: Sequence[str], before: int, types: Sequence[str]) -> Deleted:
        """Forget old events of entities, one entity at a time between the compactor's other work."""
        self._check_open()
        removed = 0
        for name in names:
            job = self._compactor.run(partial(self._trim_entity, kind=kind, name=name, before=before, types=types))
            removed += await asyncio.wrap_future(job)
        self._compactor.purge()
        return Deleted(removed)

    def _trim_entity(self, connection: sqlite3.Connection, kind: str, name: str, before: int, types: Sequence[str]) -> int:
        """On the compactor's thread."""
        entity = entity_ids(connection, kind, [name]).get(name)
        if entity is None:
            return 0
        self._compactor.fold(entity)
        removed = 0
        if not types or "log" in types:
            fold, count = trim_logs(connection, entity, before)
            removed += count if self._compactor.apply(fold) else 0
        for row in series_rows(connection, kind, [name], types):
            if row.type == "training_stats_scalar":
                fold, count = trim_series(connection, entity, row.id, before)
                removed += count if self._compactor.apply(fold) else 0
            else:
                removed += self._writer.submit(partial(trim_items, series=row.id, before=before)).result()
        return removed


def path_of(url: str, data_dir: Path) -> Path:
    """The file of ``embedded:`` (in the data directory) or ``embedded:///srv/events.db``."""
    return data_dir / (unquote(urlsplit(url).path) or "events.db")


def _lock(path: Path) -> int:
    """Take the store for this process; the lock goes with the process.

    :raises EventStoreError: another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise EventStoreError(f"another process uses the event store {path}") from error
    return lock
