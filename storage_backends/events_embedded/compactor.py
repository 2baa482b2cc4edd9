"""The thread that works in the background: it folds what is hot, purges what was deleted, and gives space back."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trackyard.core.contracts.events import EventStoreError, StoreClosedError
from trackyard.storage_backends.events_embedded.appending import Grown
from trackyard.storage_backends.events_embedded.compaction import Fold, fold_logs, fold_scalars
from trackyard.storage_backends.events_embedded.housekeeping import free_pages, purge_step
from trackyard.storage_backends.events_embedded.schema import connect_reader
from trackyard.storage_backends.events_embedded.writer import Writer

__all__ = ["Compactor"]

T = TypeVar("T")

HOT_ROWS = 64
HOT_EVENTS = 65_536
"""An entity with as much that is hot is folded at once."""

IDLE_SECONDS = 20.0
"""What is hot is folded after this long even when it is little."""

QUIET_SECONDS = 5.0
"""Free pages are given back when nothing came in for this long."""

RETRY_SECONDS = 5.0
"""How long to wait after a failure, for example when the disk is full."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Hot:
    rows: int = 0
    events: int = 0
    since: float = 0.0


class Compactor:
    """Folds one entity at a time, on a reading connection of its own; the result goes through the writer."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._writer = writer
        self._connection = connect_reader(path)
        self._wake = threading.Condition()
        self._hot: dict[int, _Hot] = {}
        self._jobs: deque[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]] = deque()
        self._settling: list[Future[None]] = []
        self._purging = True
        self._untidy = False
        self._grown_at = time.monotonic()
        self._closing = False
        self._load()
        self._thread = threading.Thread(target=self._run, name="event-compactor", daemon=True)
        self._thread.start()

    def grown(self, entities: list[Grown]) -> None:
        """Entities got hot rows, which are committed; called by the writer."""
        with self._wake:
            self._grown_at = time.monotonic()
            for grown in entities:
                hot = self._hot.get(grown.entity)
                if hot is None:
                    hot = self._hot[grown.entity] = _Hot(since=time.monotonic())
                    self._wake.notify()  # it may sleep for ever while nothing is hot
                hot.rows += grown.rows
                hot.events += grown.events
                if hot.rows >= HOT_ROWS or hot.events >= HOT_EVENTS:
                    self._wake.notify()

    def purge(self) -> None:
        """Entities were deleted."""
        with self._wake:
            self._purging = True
            self._wake.notify()

    def run(self, job: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run a job between folds, on the compactor's connection.

        :raises StoreClosedError: the store is closed.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise StoreClosedError("the event store is closed")
            self._jobs.append((job, future))
            self._wake.notify()
        return future

    def settle(self) -> Future[None]:
        """A future that answers when nothing is left to do."""
        future: Future[None] = Future()
        with self._wake:
            if self._closing:
                raise StoreClosedError("the event store is closed")
            self._settling.append(future)
            self._wake.notify()
        return future

    def close(self) -> None:
        """Stop after the step at hand; what is hot stays hot."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._connection.close()
        for future in [*self._settling, *(future for _, future in self._jobs)]:
            if future.set_running_or_notify_cancel():
                future.set_exception(StoreClosedError("the event store was closed"))

    def fold(self, entity: int) -> None:
        """Fold everything of an entity that is hot now; on the compactor's thread."""
        with self._wake:
            hot = self._hot.pop(entity, None)
            self._untidy = True
        try:
            for step in (fold_scalars, fold_logs):
                while (fold := step(self._connection, entity)) is not None and self.apply(fold):
                    pass
        except (EventStoreError, sqlite3.Error):
            with self._wake:
                self._hot.setdefault(entity, hot or _Hot(since=time.monotonic()))
            raise

    def apply(self, fold: Fold) -> bool:
        """Let the writer put a fold into effect; False when its rows were deleted meanwhile."""
        return self._writer.submit(fold.write).result()

    def _load(self) -> None:
        """What an earlier process left hot."""
        for entity, rows, events in self._connection.execute("SELECT entity, count(*), sum(events) FROM hot GROUP BY entity"):
            self._hot[entity] = _Hot(rows, events, time.monotonic())

    def _run(self) -> None:
        while not self._closing:
            try:
                if not self._step():
                    self._finish_settling()
                    self._sleep()
            except (EventStoreError, sqlite3.Error) as error:
                if not self._closing:
                    log.warning("background work of the event store failed and will be tried again: %s", error)
                    with self._wake:
                        self._wake.wait_for(lambda: self._closing, RETRY_SECONDS)

    def _step(self) -> bool:
        """One piece of work; False when there is none."""
        if self._jobs:
            self._job(*self._jobs.popleft())
            return True
        entity = self._due()
        if entity is not None:
            self.fold(entity)
            return True
        if self._purging:
            self._purging = False
            self._purging = self._writer.submit(purge_step).result() or self._purging
            self._untidy = True
            return True
        if self._untidy and self._is_quiet():
            self._untidy = self._writer.submit(free_pages).result()
            return True
        return False

    def _is_quiet(self) -> bool:
        """Whether nothing came in of late; while something does, free pages are about to be used again."""
        return bool(self._settling) or time.monotonic() - self._grown_at >= QUIET_SECONDS

    def _job(self, job: Callable[[sqlite3.Connection], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = job(self._connection)
        except Exception as error:  # belongs to whoever asked for the job
            future.set_exception(error)
        else:
            future.set_result(result)

    def _due(self) -> int | None:
        """The entity to fold next: the one with most events among those that are due."""
        now = time.monotonic()
        with self._wake:
            due = [
                (hot.events, entity)
                for entity, hot in self._hot.items()
                if self._settling or hot.rows >= HOT_ROWS or hot.events >= HOT_EVENTS or now - hot.since >= IDLE_SECONDS
            ]
        return max(due)[1] if due else None

    def _finish_settling(self) -> None:
        with self._wake:
            done, self._settling = self._settling, []
        for future in done:
            with contextlib.suppress(Exception):
                future.set_result(None)

    def _sleep(self) -> None:
        with self._wake:
            if self._jobs or self._settling or self._purging or self._closing:
                return
            if any(hot.rows >= HOT_ROWS or hot.events >= HOT_EVENTS for hot in self._hot.values()):
                return
            moments = [hot.since + IDLE_SECONDS for hot in self._hot.values()]
            if self._untidy:
                moments.append(self._grown_at + QUIET_SECONDS)
            self._wake.wait(max(min(moments) - time.monotonic(), 0.01) if moments else None)
