"""The host of services: takes those that are to run, and runs them side by side in this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence

from sqlmodel import Session
from trackyard.core.client import CallFailed
from trackyard.core.extension import StatusChange
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.services.callers import KernelCaller, loopback
from trackyard.core.services.context import Caller, Provided
from trackyard.core.services.running import run_service

POLL_SECONDS = 5.0
LISTEN_SECONDS = 0.1
log = logging.getLogger(__name__)


class ServicesHost:
    """Runs every service that it is given; each in a task of its own, so that the failure of one is not another's."""

    def __init__(self, host: Caller, url: str, provided: Provided, worker: str, queues: Sequence[str]) -> None:
        """``host`` calls the contract's endpoints; services call the API at ``url``; ``worker`` is the host's name."""
        self._host, self._url, self._provided = host, url, provided
        self._worker, self._queues = worker, list(queues)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for services at once: one was enqueued."""
        self._wake.set()

    async def run(self) -> None:
        """Take and run services until cancelled; they are then left to the next host, with their state."""
        try:
            while True:
                with contextlib.suppress(CallFailed):
                    while await self._take():
                        pass
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        finally:
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _take(self) -> bool:
        taken = await self._host.call(
            "services.take", {"worker": self._worker, "queues": self._queues, "running": list(self._running)}
        )
        task = taken.get("task")
        if task is None:
            return False
        running = asyncio.create_task(run_service(self._host, self._url, self._provided, task), name=f"service {task}")
        self._running[task] = running
        running.add_done_callback(lambda done: self._forget(task, done))
        return True

    def _forget(self, task: str, done: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not done.cancelled() and done.exception() is not None:
            log.error("hosting service task %s failed; it is taken up again", task, exc_info=done.exception())
        else:
            self.wake()  # it may have been started again meanwhile


class HostHere:
    """The host in the server's own process: it begins when the sites listen."""

    def __init__(self) -> None:
        self._host: ServicesHost | None = None
        self._work: asyncio.Task[None] | None = None

    def start(self, kernel: Kernel) -> None:
        """Begin to run the services of this server."""
        self._work = kernel.spawn(self._run(kernel), "host of services")

    async def stop(self) -> None:
        """Leave the services to the next start."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """Of no interest here."""
        return []

    async def after_status(self, change: StatusChange) -> None:
        """Look at once when a task was put into a queue."""
        if change.new == "queued" and self._host is not None:
            self._host.wake()

    async def _run(self, kernel: Kernel) -> None:
        while "api" not in kernel.ports:  # noqa: ASYNC110 - plugins start before the sites listen
            await asyncio.sleep(LISTEN_SECONDS)
        worker = f"{socket.gethostname()}:server"
        self._host = ServicesHost(KernelCaller(kernel), loopback(kernel), kernel.plugins.provided, worker, ["services"])
        await self._host.run()
