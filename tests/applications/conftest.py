"""One server for the module, and a running task with an application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

from tests.applications.upstream import Upstream, upstream


@dataclass(frozen=True)
class Host:
    """The server, an application, and the running task that it belongs to."""

    api: Api
    app: Upstream
    task: str

    @property
    def prefix(self) -> str:
        """The page of the application."""
        return f"/apps/{self.task}/"

    async def opened(self) -> str:
        """The URL below which the application is, with a ticket of the administrator."""
        told = await self.api.call("applications.open", task=self.task)
        return f"{self.api.urls['web']}/apps/{self.task}/~{told['ticket']}"


async def running_task(api: Api, **fields: Any) -> str:
    """A task of the type ``application`` that runs."""
    task = str((await api.call("tasks.create", {"name": "an application", "type": "application", **fields}))["id"])
    await api.call("tasks.started", task=task)
    return task


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A server."""
    async with serving_kernel(await asyncio.to_thread(tmp_path_factory.mktemp, "applications")) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def host(api: Api) -> AsyncIterator[Host]:
    """A registered application."""
    async with upstream() as app:
        task = await running_task(api)
        assert (await app.register(api, task)).codes == (200, 0)
        yield Host(api, app, task)
