"""Two server processes on one PostgreSQL database, started at once: agents of both, and what one knows of the other's changes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import aiohttp
import pytest
import pytest_asyncio
from trackyard.core.testing import postgresql
from trackyard.core.testing.agents import Agent, History, enqueue
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

pytestmark = [pytest.mark.postgresql, pytest.mark.asyncio(loop_scope="module")]

TASKS = 60
AGENTS = 16
TOKEN_KEY = "the-same-for-servers-that-share-a-database"


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory, postgresql_cluster: postgresql.Cluster) -> Iterator[list[ServerProcess]]:
    """Two processes that found an empty database at the same time."""
    url = postgresql_cluster.create_database("two_processes")
    shared = {"TRACKYARD__STORAGE__METADATA": url, "TRACKYARD__IDENTITY__TOKEN_KEY": TOKEN_KEY}
    with ExitStack() as stack:
        servers = [ServerProcess(tmp_path_factory.mktemp("server"), environment=shared) for _ in range(2)]
        for server in servers:
            stack.callback(server.close)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(ServerProcess.start, servers))
        yield servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apis(processes: list[ServerProcess]) -> AsyncIterator[list[Api]]:
    """A client of each."""
    timeout = aiohttp.ClientTimeout(120)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        yield [Api(session, {"api": server.api}) for server in processes]


async def test_no_task_is_handed_out_twice_or_lost(apis: list[Api]) -> None:
    queues = [(await apis[0].call("queues.create", name=f"shared by processes {number}"))["id"] for number in range(2)]
    history, all_queued = History(), asyncio.Event()
    agents = [
        Agent(apis[number % 2], f"of process {number}", queues[:: -1 if number % 3 else 1], history) for number in range(AGENTS)
    ]

    async def produce(api: Api, queue: str) -> None:
        for number in range(TASKS // 2):
            await enqueue(api, queue, f"shared {number}", history)

    async def work(agent: Agent) -> None:
        await agent.register()
        last, found = False, None
        while not last or found:
            last = all_queued.is_set()
            found = await agent.poll()

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(work(agent)) for agent in agents]
        # each queue is filled by way of the server that did not make it, or made the other
        await asyncio.gather(*(produce(api, queue) for api, queue in zip(reversed(apis), queues, strict=True)))
        all_queued.set()
        await asyncio.gather(*workers)
    history.expect_nothing_wrong()
    assert len(history.given) == TASKS
    for api in apis:
        answer = await api.call("tasks.get_all", id=history.queued, only_fields=["status"])
        assert [task["status"] for task in answer["tasks"]] == ["completed"] * TASKS
        waiting = await api.call("queues.get_all", id=queues, only_fields=["entries"])
        assert [queue["entries"] for queue in waiting["queues"]] == [[], []]
        seen = {worker["id"] for worker in (await api.call("workers.get_all"))["workers"]}
        assert {agent.worker for agent in agents} <= seen


async def test_there_is_one_of_what_each_server_makes_at_its_first_start(apis: list[Api]) -> None:
    for api in apis:
        found = await api.call("queues.get_all", only_fields=["name"], name="^(default|services)$")
        assert sorted(queue["name"] for queue in found["queues"]) == ["default", "services"]
        users = (await api.call("users.get_all_ex", only_fields=["name", "role"]))["users"]
        assert [user["role"] for user in users] == ["root"]


async def test_a_key_and_its_token_are_good_at_both_until_one_revokes_the_key(apis: list[Api]) -> None:
    one, two = apis
    key = (await one.call("auth.create_credentials"))["credentials"]
    token = (await one.as_user(key["access_key"], key["secret_key"]).call("auth.login"))["token"]
    shown = {"Authorization": f"Bearer {token}"}
    assert (await two.ask("users.get_current_user", {}, shown)).codes == (200, 0)
    assert (await two.as_user(key["access_key"], key["secret_key"]).ask("auth.login")).codes == (200, 0)
    await one.call("auth.revoke_credentials", access_key=key["access_key"])
    assert (await one.ask("users.get_current_user", {}, shown)).status == 401
    async with asyncio.timeout(120):
        while (await two.ask("users.get_current_user", {}, shown)).status != 401:
            await asyncio.sleep(0.5)
