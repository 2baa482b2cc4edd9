"""The services agent: takes tasks of its queues and runs each in a container of its own, side by side."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from trackyard.agent_services.services_host import ServicesHost
from trackyard.agent_services.settings import AgentSettings, parse_size
from trackyard.agent_services.supervisor import Supervisor
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.runtimes import Exit, LaunchRefused, RuntimeLimits, RuntimeUnavailable, TaskRuntime

log = logging.getLogger(__name__)


class Agent:
    """One agent: a worker that takes tasks, with a node for each task that runs.

    Nothing is kept but what the runtime and the server know: after a restart the agent adopts what runs, launches what it
    had taken and not launched, and tells the end of what ended meanwhile.
    """

    def __init__(
        self, client: ApiClient, runtime: TaskRuntime, settings: AgentSettings, worker: str, host: ServicesHost | None = None
    ) -> None:
        """``worker`` is the agent's name, unique among all agents of the server; ``host`` runs the services of plugins."""
        self._host = host
        self.client = client
        self.runtime = runtime
        self.settings = settings
        self.worker = worker
        self.limits = RuntimeLimits(parse_size(settings.memory), settings.cpus)
        self._queues: list[str] = []
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled. What runs in containers then goes on, and is adopted by the next start."""
        await self._open_runtime()
        self._queues = [await self._queue_id(name) for name in self.settings.queues]
        known = {"worker": self.worker, "queues": self._queues, "tags": self.settings.labels, "timeout": 600}
        await self.client.call("workers.register", known)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._report())
                group.create_task(self._take_for_ever())
                if self._host is not None:
                    group.create_task(self._host.run())
        finally:
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await self.runtime.close()

    async def _open_runtime(self) -> None:
        """Wait for an engine that is away: it may be starting, too."""
        while True:
            try:
                await self.runtime.open(self.worker)
            except RuntimeUnavailable as error:
                log.warning("%s; trying again", error)
                await asyncio.sleep(self.settings.poll_seconds)
            else:
                return

    async def _queue_id(self, name: str) -> str:
        found = await self.client.call("queues.get_all", {"name": f"^{_literal(name)}$", "only_fields": ["id"]})
        if found["queues"]:
            return str(found["queues"][0]["id"])
        return str((await self.client.call("queues.create", {"name": name}))["id"])

    async def _take_for_ever(self) -> None:
        while True:
            try:
                await self._reconcile()
                while len(self._running) < self.settings.max_tasks and await self._take():
                    pass
            except RuntimeUnavailable as error:
                log.warning("%s; tasks that run are left alone", error)
            except (CallFailed, LaunchRefused):
                log.exception("a call was refused")
            await asyncio.sleep(self.settings.poll_seconds)

    async def _reconcile(self) -> None:
        """Supervise every task of ours that nobody supervises: adopted, never launched, or ended while we were away."""
        known = await self.runtime.running()
        owned = await self.client.call("agents.owned", {"worker": self.worker})
        for task in owned["tasks"]:
            if task not in self._running:
                self._supervise(task, launched=task in known)
        for task, ended in known.items():
            if task not in owned["tasks"] and task not in self._running:
                await self._end_orphan(task, ended)

    async def _end_orphan(self, task: str, ended: Exit | None) -> None:
        """A container whose task is no longer ours to run (stopped, reset or deleted while we were away)."""
        log.info("task %s is no longer to run here", task)
        if ended is None:
            await self.runtime.stop(task, self.settings.grace_seconds)
        await self.runtime.remove(task)

    async def _take(self) -> bool:
        taken = await self.client.call("agents.take", {"worker": self.worker, "queues": self._queues})
        if "task" not in taken:
            return False
        self._supervise(taken["task"], launched=False)
        return True

    def _supervise(self, task: str, *, launched: bool) -> None:
        supervisor = Supervisor(self.client, self.runtime, self.settings, self.limits, f"{self.worker}:{task}", task)
        running = asyncio.create_task(supervisor.run(launched=launched), name=f"task {task}")
        self._running[task] = running
        running.add_done_callback(lambda done: self._forget(task, done))

    def _forget(self, task: str, done: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not done.cancelled() and done.exception() is not None:
            log.error("supervising task %s failed; it is taken up again", task, exc_info=done.exception())

    async def _report(self) -> None:
        """Tell the server that the agent lives."""
        while True:
            with suppress(CallFailed):
                await self.client.call("workers.status_report", {"worker": self.worker, "queues": self._queues})
            await asyncio.sleep(self.settings.report_seconds)


def _literal(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "_" else f"\\{letter}" for letter in name)
