"""An agent runs the services of plugins in its own process; its runtime never sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from trackyard.agent_services.agent import Agent
from trackyard.agent_services.services_host import ServicesHost
from trackyard.core.client import ApiClient
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from trackyard.core.testing.services import NO_HOST

from tests.agent_services.conftest import QUICK, WORKER, Yard
from tests.services.samples import ServiceSample


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A server that leaves services to agents."""
    async with serving_kernel(tmp_path, plugins=[ServiceSample], environ=NO_HOST) as api:
        yield api


@asynccontextmanager
async def agent(yard: Yard, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> AsyncIterator[None]:
    """An agent with the services of the server's plugins; at the end it is cancelled."""
    url = yard.api.urls["api"]
    async with ApiClient(url, access_key, secret_key, WORKER) as client:
        host = ServicesHost(client, url, yard.api.kernel.plugins.provided, WORKER, ["services"])
        running = asyncio.create_task(Agent(client, yard.engine, QUICK, WORKER, host).run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def runs(api: Api, task: str) -> dict[str, Any]:
    """How the service of a task stands."""
    shown = (await api.call("services.get_all"))["services"]
    found: dict[str, Any] = next(item for service in shown for item in service["tasks"] if item["task"] == task)
    return found


async def test_an_agent_runs_services_and_another_one_goes_on(api: Api) -> None:
    """With a user's credentials the agent's services have that user's rights."""
    yard = Yard(api)
    user = (await api.call("auth.create_credentials", role="user"))["credentials"]
    task = (await api.call("services.start", name="counting", settings={"pause": 0.1, "limit": 1000}))["task"]

    async def counted(more: int) -> bool:
        return int((await runs(api, task))["runs"]) >= more

    async with agent(yard, user["access_key"], user["secret_key"]):
        await yard.until(lambda: counted(2))
        assert (await runs(api, task))["worker"] == f"{WORKER}:{task}"
    left = await yard.task(task)
    assert left["status"] == "in_progress"
    assert (await runs(api, task))["hosted"] is False
    lines = len(await yard.log(task))
    async with agent(yard):

        async def more() -> bool:
            return len(await yard.log(task)) > lines

        await yard.until(more)
        await api.call("services.stop", task=task)
        await yard.until_status(task, "stopped")
    assert yard.engine.containers == {}
    # a run that is cut off between its count and its line is not repeated with the same count
    counts = [int(line.partition(":")[0].removeprefix("count ")) for line in await yard.log(task)]
    assert counts == sorted(set(counts))
