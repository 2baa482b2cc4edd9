"""When jobs run, and on which server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from trackyard.core import ids
from trackyard.core.extension import Job
from trackyard.core.kernel import Kernel
from trackyard.core.store.leases import release_leases, take_lease

SHORTEST_LEASE = 60.0
"""Seconds for which a server has a job at least, without a sign of life."""
log = logging.getLogger(__name__)


class Schedule:
    """Runs each job every so many seconds, never twice at once, and the ``alone`` ones on one server of all."""

    def __init__(self, kernel: Kernel, jobs: Sequence[Job]) -> None:
        """``failures`` tells by job how its last run failed; a run that goes well clears it."""
        self.jobs = list(jobs)
        self.failures: dict[str, str] = {}
        self._kernel = kernel
        self._holder = ids.new_id()
        self._running: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Start to count; nothing runs before its interval is over."""
        for job in self.jobs:
            self._scheduler.add_job(
                self._spawn, "interval", (job,), seconds=job.seconds, name=job.name, coalesce=True, misfire_grace_time=None
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Run nothing more, cancel what runs, and give up the leases."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._kernel.metadata.write(lambda session: release_leases(session, self._holder))

    async def _spawn(self, job: Job) -> None:
        """Run the job in a task of its own, which ``stop`` can cancel and wait for."""
        if any(task.get_name() == job.name for task in self._running):
            return
        task = asyncio.create_task(self.run(job), name=job.name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def run(self, job: Job) -> None:
        """Run the job once, unless it is another server's; a failure is noted and logged."""
        try:
            if not job.alone:
                await job.run(self._kernel)
            elif await self._lead(job):
                await self._run_alone(job)
            self.failures.pop(job.name, None)
        except Exception as error:
            self.failures[job.name] = f"{type(error).__name__}: {error}"
            log.exception("job %s failed", job.name)

    async def _lead(self, job: Job) -> bool:
        """Whether the job is this server's until well after its next run."""
        seconds = max(SHORTEST_LEASE, 1.5 * job.seconds)
        fence = await self._kernel.metadata.write(
            lambda session: take_lease(session, f"job:{job.name}", self._holder, seconds),
        )
        return fence is not None

    async def _run_alone(self, job: Job) -> None:
        """Run the job while the lease is kept; when it is lost, another server has it and this run ends."""
        work = asyncio.ensure_future(job.run(self._kernel))
        try:
            while not (await asyncio.wait({work}, timeout=SHORTEST_LEASE / 3))[0]:
                if not await self._lead(job):
                    raise RuntimeError("another server took the job over while it ran")
            await work
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await work
