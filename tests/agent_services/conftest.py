"""A served kernel, an engine, and agents that are started and ended as the test says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from trackyard.agent_services.agent import Agent
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.client import ApiClient
from trackyard.core.runtimes import TaskRuntime
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

from tests.agent_services.runtime_for_tests import Engine

QUICK = AgentSettings(poll_seconds=0.05, report_seconds=0.2, grace_seconds=1.0, image="default-image", install_requirements=False)
WORKER = "host:services"


@dataclass
class Yard:
    """The server, the engine, and what tests do with them."""

    api: Api
    engine: Engine = field(default_factory=Engine)

    @contextlib.asynccontextmanager
    async def agent(self, runtime: TaskRuntime | None = None, **settings: Any) -> AsyncIterator[None]:
        """An agent that works while the block runs; at its end it is cancelled, which is as abrupt as SIGTERM."""
        client = ApiClient(self.api.urls["api"], ACCESS_KEY, SECRET_KEY, WORKER)
        async with client:
            chosen = msgspec.structs.replace(QUICK, **settings)
            running = asyncio.create_task(Agent(client, runtime or self.engine, chosen, WORKER).run())
            try:
                yield
            finally:
                running.cancel()
                (ended,) = await asyncio.gather(running, return_exceptions=True)
                if isinstance(ended, Exception):
                    raise ended  # it ended by itself

    async def enqueue(self, name: str = "a service", **fields: Any) -> str:
        """A task in the services queue."""
        task = str((await self.api.call("tasks.create", {"name": name, "type": "service", **fields}))["id"])
        await self.api.call("tasks.enqueue", task=task, queue_name="services")
        return task

    async def task(self, task: str) -> dict[str, Any]:
        """The task's document."""
        found: dict[str, Any] = (await self.api.call("tasks.get_by_id", task=task))["task"]
        return found

    async def until(self, condition: Callable[[], Awaitable[Any]]) -> Any:
        """Wait until the condition holds; gives its value."""
        async with asyncio.timeout(90):
            while not (value := await condition()):
                await asyncio.sleep(0.02)
        return value

    async def until_status(self, task: str, status: str) -> dict[str, Any]:
        """Wait for a status."""

        async def reached() -> dict[str, Any] | None:
            found = await self.task(task)
            return found if found["status"] == status else None

        found: dict[str, Any] = await self.until(reached)
        return found

    async def until_launched(self, task: str) -> None:
        """Wait until the engine has it."""

        async def there() -> bool:
            return task in self.engine.containers

        await self.until(there)

    async def log(self, task: str) -> list[str]:
        """The lines of its log."""
        told = await self.api.call("events.get_task_log", task=task, order="asc", navigate_earlier=False)
        return [event["msg"] for event in told["events"]]


Agents = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
async def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Yard]:
    """A server; agents and tasks find it by the usual variables."""
    async with serving_kernel(tmp_path) as api:
        for name, value in (
            ("CLEARML_API_HOST", api.urls["api"]),
            ("CLEARML_WEB_HOST", api.urls["web"]),
            ("CLEARML_FILES_HOST", api.urls["files"]),
            ("CLEARML_API_ACCESS_KEY", ACCESS_KEY),
            ("CLEARML_API_SECRET_KEY", SECRET_KEY),
        ):
            monkeypatch.setenv(name, value)
        yield Yard(api)
