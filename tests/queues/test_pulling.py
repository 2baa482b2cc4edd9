"""Many agents pull from the same queues at once: no task is given out twice, none is lost."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from trackyard.core.errors import ApiError
from trackyard.core.testing import postgresql
from trackyard.core.testing.kernel import running_kernel

from tests.queues.server import Server

TASKS = 60
PULLERS = 6


@pytest.fixture
async def one_sqlite_server(tmp_path: Path) -> AsyncIterator[list[Server]]:
    """One server, which alone uses its SQLite file."""
    async with running_kernel(tmp_path) as kernel:
        yield [Server(kernel)]


@pytest.fixture
async def two_postgresql_servers(tmp_path: Path, postgresql_cluster: postgresql.Cluster) -> AsyncIterator[list[Server]]:
    """Two servers that share a database."""
    url = await asyncio.to_thread(postgresql_cluster.create_database, f"t{secrets.token_hex(8)}")
    config = f'[storage]\nmetadata = "{url}"\n'
    async with AsyncExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            servers.append(Server(await stack.enter_async_context(running_kernel(folder, config))))
        yield servers


class Race:
    """Producers, agents and somebody who moves tasks, all at once, and what was made and given out."""

    def __init__(self, servers: list[Server], queues: list[str]) -> None:
        self.servers = servers
        self.queues = queues
        self.made: list[str] = []
        self.given: list[str] = []
        self.all_made = asyncio.Event()

    async def produce(self) -> None:
        """Put tasks into the queues, by way of each server in turn."""
        for index in range(TASKS):
            server = self.servers[index % len(self.servers)]
            task = await server.task(f"to be pulled {index}")
            await server.call("tasks.enqueue", task=task, queue=self.queues[index % 2])
            self.made.append(task)
        self.all_made.set()

    async def disturb(self) -> None:
        """Move the last task of each queue to the front."""
        server = self.servers[-1]
        while not self.all_made.is_set():
            for queue in self.queues:
                for task in (await server.waiting(queue))[-1:]:
                    await move_if_waiting(server, queue, task)

    async def pull(self, server: Server) -> None:
        """Pull from both queues until nothing more comes."""
        last_round, answers = False, [{}]
        while not last_round or any(answers):
            last_round = self.all_made.is_set()
            answers = [await server.call("queues.get_next_task", queue=queue) for queue in self.queues]
            self.given += [answer["entry"]["task"] for answer in answers if answer]

    async def run(self) -> None:
        """Everybody at once, until all is made and pulled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.produce())
            group.create_task(self.disturb())
            for server in self.servers:
                for _ in range(PULLERS):
                    group.create_task(self.pull(server))


async def check_race(servers: list[Server]) -> None:
    """Every task is given out exactly once, and the queues are empty."""
    queues = [await servers[0].queue("pulled one"), await servers[0].queue("pulled two")]
    race = Race(servers, queues)
    await race.run()
    assert [await servers[0].waiting(queue) for queue in queues] == [[], []]
    assert [task for task, count in Counter(race.given).items() if count > 1] == [], "given out twice"
    assert sorted(race.given) == sorted(race.made), "lost"


async def move_if_waiting(server: Server, queue: str, task: str) -> None:
    """Move a task to the front; an agent may have pulled it meanwhile."""
    try:
        await server.call("queues.move_task_to_front", queue=queue, task=task)
    except ApiError as error:
        if error.subcode != 703:
            raise


async def test_one_server(one_sqlite_server: list[Server]) -> None:
    """Many agents of one server."""
    await check_race(one_sqlite_server)


@pytest.mark.postgresql
async def test_two_servers_on_one_database(two_postgresql_servers: list[Server]) -> None:
    """Many agents of two servers."""
    await check_race(two_postgresql_servers)


@pytest.mark.postgresql
async def test_workers_are_seen_by_both_servers(two_postgresql_servers: list[Server]) -> None:
    """What one server was told of a worker, the other answers; the report that follows the task's end goes to the other."""
    one, two = two_postgresql_servers
    task = await one.task()
    await one.call("workers.status_report", worker="shared:0", timestamp=1)
    await two.call("workers.status_report", worker="shared:0", timestamp=2, task=task)
    (seen,) = (await one.call("workers.get_all"))["workers"]
    assert (seen["id"], seen["task"]["id"]) == ("shared:0", task)
    await one.call("workers.status_report", worker="shared:0", timestamp=3)
    (seen,) = (await two.call("workers.get_all"))["workers"]
    assert "task" not in seen
