"""The one thread that writes: it takes all jobs that wait, runs them in one transaction and answers after its commit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from trackyard.core.contracts.events import EventStoreError, StoreBusyError, StoreClosedError, StoreFullError

__all__ = ["Writer", "check_space"]

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

MAX_WAITING_BYTES = 64 << 20
"""Payload that may wait for the writer; more is refused, so that memory stays bounded when the disk is slow."""

MAX_OWNER_BYTES = 32 << 20
"""How much of it may be of one task, so that a noisy one leaves room for the others."""

MAX_COMMIT_BYTES = 8 << 20
"""Payload of one commit; bounds how long those wait who come after it."""

RESERVE_BYTES = 32 << 20
"""Free space below which nothing is taken any more, so that compaction and other databases can still work."""


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    size: int
    committed: Callable[[Any], None] | None
    owner: Hashable = None
    future: Future[Any] = field(default_factory=Future)
    result: Any = None


def translate(error: sqlite3.Error, path: Path) -> EventStoreError:
    """The contract's error for one of SQLite."""
    text = str(error)
    if "full" in text or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return StoreFullError(f"no space left for the event store {path}")
    return EventStoreError(f"the event store {path} cannot be written: {text}")


class Writer:
    """Runs jobs on the writing connection, many in one commit.

    A job that fails takes nobody with it: its whole group is rolled back and every job of it runs again by itself. So a
    job must do nothing but statements, and ``forget`` must drop what was remembered about rolled-back ones.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, forget: Callable[[], None]) -> None:
        self._connection = connection
        self._path = path
        self._forget = forget
        self._waiting: deque[_Job] = deque()
        self._waiting_bytes = 0
        self._bytes_of: Counter[Hashable] = Counter()
        self._wake = threading.Condition()
        self._closing = False
        self.failing = False
        """Whether the last commit of events failed in the database or the file system, not in a job."""
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Work[T], size: int = 0, committed: Callable[[T], None] | None = None, owner: Hashable = None
    ) -> Future[T]:
        """Queue a job; its future answers when the job is durable.

        ``committed`` is told the result right after the commit, whether or not anybody still waits for it. ``owner`` is whom
        the job is for, if one alone.

        :raises StoreBusyError: too much is waiting, of all or of this owner.
        :raises StoreClosedError: the store is closed.
        """
        job = _Job(work, size, committed, owner)
        with self._wake:
            if self._closing:
                raise StoreClosedError("the event store is closed")
            if self._waiting and self._waiting_bytes + size > MAX_WAITING_BYTES:
                raise StoreBusyError("the event store has too much to write")
            if owner is not None and self._bytes_of[owner] and self._bytes_of[owner] + size > MAX_OWNER_BYTES:
                raise StoreBusyError("the event store has too much to write of one task")
            self._waiting.append(job)
            self._waiting_bytes += size
            self._bytes_of[owner] += size
            if len(self._waiting) == 1:
                self._wake.notify()
        return job.future

    async def write(
        self, work: Work[T], size: int = 0, committed: Callable[[T], None] | None = None, owner: Hashable = None
    ) -> T:
        """Run a job and wait for its commit. Cancelling the wait does not undo the job."""
        return await asyncio.wrap_future(self.submit(work, size, committed, owner))

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._take():
            error = self._commit(group)
            if error is not None and len(group) > 1:
                for job in group:
                    self._answer([job], self._commit([job]))
            else:
                self._answer(group, error)
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _take(self) -> list[_Job]:
        """Wait for jobs and take as many as one commit may hold; none means to end."""
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            group: list[_Job] = []
            size = 0
            while self._waiting and (not group or size + self._waiting[0].size <= MAX_COMMIT_BYTES):
                job = self._waiting.popleft()
                size += job.size
                group.append(job)
                self._bytes_of[job.owner] -= job.size
            self._waiting_bytes -= size
            if not self._waiting:
                self._bytes_of.clear()
            return group

    def _commit(self, group: list[_Job]) -> Exception | None:
        """Run a group in one transaction; on an error nothing of it is stored."""
        try:
            if any(job.size for job in group):
                check_space(self._path)
            self._connection.execute("BEGIN IMMEDIATE")
            for job in group:
                job.result = job.work(self._connection)
            self._connection.execute("COMMIT")
            self.failing = self.failing and not any(job.size for job in group)
        except Exception as error:  # whatever a job raises belongs to its caller
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            self._forget()
            self.failing = self.failing or isinstance(error, (sqlite3.OperationalError, StoreFullError))
            return translate(error, self._path) if isinstance(error, sqlite3.Error) else error
        return None

    @staticmethod
    def _answer(group: list[_Job], error: Exception | None) -> None:
        for job in group:
            if error is None and job.committed is not None:
                job.committed(job.result)
            if job.future.cancelled() or not job.future.set_running_or_notify_cancel():
                continue
            if error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(error)


def check_space(path: Path) -> None:
    """Look at the file system of ``path``.

    :raises StoreFullError: so little is left that nothing may be taken.
    """
    figures = os.statvfs(path.parent)
    if figures.f_bavail * figures.f_frsize < RESERVE_BYTES:
        raise StoreFullError(f"no space left for the event store {path}")
