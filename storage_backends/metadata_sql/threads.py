"""Threads of the stores: one that writes, several that read, and single hops for opening and closing."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlmodel import Session
from trackyard.core.contracts.metadata import StoreUnavailable

T = TypeVar("T")


@dataclass
class Unit:
    """A unit of work that waits, and the future that is told how it went."""

    work: Callable[[Session], Any]
    future: Future[Any] = field(default_factory=Future)


def settle(future: Future[Any], outcome: Any, error: BaseException | None = None) -> None:
    """Tell a unit's caller its value or its error."""
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)


async def in_thread(work: Callable[[], T], name: str) -> T:
    """Run ``work`` in a thread of its own that ends with it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(value)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.shield(asyncio.wrap_future(future))


class Crew:
    """Threads that take units from one queue; ``serve`` is given the units that one turn may join."""

    def __init__(self, name: str, size: int, serve: Callable[[list[Unit]], None], turn: int = 1) -> None:
        """At most ``size`` threads, started when there is work; a turn takes up to ``turn`` units."""
        self._name, self._size, self._serve, self._turn = name, size, serve, turn
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._closed = False

    async def run(self, work: Callable[[Session], T]) -> T:
        """Have the unit done by a thread; its value is given back."""
        if self._closed:
            raise StoreUnavailable("The metadata store is closed.")
        unit = Unit(work)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
            self._start_thread()
        self._units.put(unit)
        value: T = await asyncio.wrap_future(unit.future)
        return value

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._labour, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _labour(self) -> None:
        while True:
            first = self._units.get()
            if first is None:
                return
            units, ended = self._gather(first)
            units = [unit for unit in units if unit.future.set_running_or_notify_cancel()]
            if units:
                self._serve(units)
            if ended:
                return
            self._idle.release()

    def _gather(self, first: Unit) -> tuple[list[Unit], bool]:
        units = [first]
        while len(units) < self._turn:
            try:
                more = self._units.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return units, True
            units.append(more)
        return units, False

    def close(self) -> None:
        """Finish what waits and end the threads. Blocks."""
        self._closed = True
        for _ in self._threads:
            self._units.put(None)
        for thread in self._threads:
            thread.join()
