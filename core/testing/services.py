"""The kit for services: one service against a real server in the test's process, with a clock that the test turns.

async with running_service(tmp_path, MyPlugin, "my-service", {"days": 7}) as kit:
    await kit.advance(3600)
    assert "looked at 3 tasks" in await kit.log()
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from trackyard.core import clock
from trackyard.core.entities import Lease, table_of
from trackyard.core.plugin import Plugin
from trackyard.core.services.callers import KernelCaller, loopback
from trackyard.core.services.contract import Service
from trackyard.core.services.instance import Instance
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

NO_HOST = {"TRACKYARD__AGENT_SERVICES__SERVICES": "false"}
"""The server of the kit runs no services by itself: the kit does."""


class ServiceKit:
    """A service that runs when the test says so. ``api`` calls the server as an administrator."""

    def __init__(self, api: Api, task: str) -> None:
        """``task`` is the service's task; it is in progress."""
        self.api = api
        self.task = task
        self.time = clock.now()
        self.instance: Instance
        self.others: list[ServiceKit] = []

    @property
    def service(self) -> Service:
        """The service's object."""
        return self.instance.service

    def state(self, key: str) -> Any:
        """A value of the service's store."""
        return self.instance.context.store.get(key)

    async def another(self, name: str, settings: Mapping[str, Any]) -> ServiceKit:
        """Another service on the same server, opened; it is closed with this one."""
        made = await _started(self.api, name, settings)
        self.others.append(made)
        await made.open()
        return made

    async def open(self) -> None:
        """Take the service up, as a host does."""
        kernel = self.api.kernel
        instance = Instance(kernel.plugins.provided, self.task, KernelCaller(kernel), loopback(kernel), self.now)
        self.instance = await instance.__aenter__()

    async def close(self) -> None:
        """Leave the service to the next host."""
        await self.instance.__aexit__(None, None, None)

    async def kill(self) -> None:
        """End the host as a crash would: nothing is told, and its lease has expired when the service is opened again."""
        await self.instance.abandon()
        leases = table_of(Lease)
        await self.api.kernel.metadata.write(lambda session: session.execute(leases.update().values(holder="")) and None)

    def now(self) -> datetime:
        """The time of the kit's clock."""
        return self.time

    async def step(self) -> datetime | None:
        """Run what is due now; when the next run is due."""
        return await self.instance.step()

    async def advance(self, seconds: float) -> None:
        """Let time pass: everything that is due meanwhile runs at its time, one after the other."""
        end = self.time + timedelta(seconds=seconds)
        due = await self.step()
        while due is not None and due <= end and not self.ended:
            self.time = max(self.time, due)
            due = await self.step()
        self.time = end

    @property
    def ended(self) -> bool:
        """Whether the service has finished or was asked to stop."""
        return self.instance.stopping or self.instance.context.finished is not None

    async def log(self) -> str:
        """The lines of the task's log."""
        await self.instance.context.flush()
        told = await self.api.call("events.get_task_log", task=self.task, order="asc", batch_size=1000)
        return "\n".join(event["msg"] for event in told["events"])

    async def document(self, task: str = "") -> dict[str, Any]:
        """The service's task, or another one."""
        found: dict[str, Any] = (await self.api.call("tasks.get_by_id", task=task or self.task))["task"]
        return found


@asynccontextmanager
async def running_service(
    folder: Path,
    plugin: type[Plugin] | EntryPoint | None,
    name: str,
    settings: Mapping[str, Any] | None = None,
    config: str = "",
    plugins: Sequence[type[Plugin] | EntryPoint] = (),
) -> AsyncIterator[ServiceKit]:
    """Start the service ``name`` on a new server; ``plugin`` is None for one that is installed. Nothing has run yet."""
    more = [*([plugin] if plugin is not None else []), *plugins]
    async with serving_kernel(folder, config, more, NO_HOST) as api:
        kit = await _started(api, name, settings or {})
        await kit.open()
        try:
            yield kit
        finally:
            for one in [*kit.others, kit]:
                with contextlib.suppress(Exception):
                    await one.close()


async def _started(api: Api, name: str, settings: Mapping[str, Any]) -> ServiceKit:
    task = (await api.call("services.start", name=name, settings=dict(settings)))["task"]
    await KernelCaller(api.kernel).call("services.take", {"worker": "kit", "task": task})
    return ServiceKit(api, task)
