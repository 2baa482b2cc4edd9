"""The scheduling rules through the calls that an unmodified agent makes."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.identity import Identity
from trackyard.core.testing import postgresql
from trackyard.core.testing.kernel import running_kernel

from tests.queues.server import Server

ON = "[scheduling]\nenabled = true\n"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with the rules switched on."""
    async with running_kernel(tmp_path, ON) as kernel:
        yield Server(kernel)


async def enqueued(server: Server, queue: str, name: str, **fields: Any) -> str:
    """A new task that waits in the queue."""
    task = await server.task(name, **fields)
    await server.call("tasks.enqueue", task=task, queue=queue)
    return task


async def pull(server: Server, queue: str) -> str | None:
    """What an agent is given."""
    answer = await server.call("queues.get_next_task", queue=queue)
    return answer["entry"]["task"] if answer else None


async def limit(server: Server, queue: str, **limits: str) -> None:
    """Set limits of a queue, as a user does."""
    metadata = [{"key": key, "type": "int", "value": value} for key, value in limits.items()]
    await server.call("queues.add_or_update_metadata", queue=queue, metadata=metadata)


async def test_higher_priorities_go_first_and_equal_ones_in_turn(server: Server) -> None:
    queue = await server.queue("by priority")
    tags = {
        "first": [],
        "urgent": ["priority:5"],
        "last": ["priority:-1"],
        "also": ["priority:no number"],
        "more": ["priority:9"],
    }
    tasks = {name: await enqueued(server, queue, f"task {name}", tags=given) for name, given in tags.items()}
    given = [await pull(server, queue) for _ in tags]
    assert given == [tasks[name] for name in ("more", "urgent", "first", "also", "last")]
    assert await pull(server, queue) is None


async def test_off_the_order_of_the_queue_counts(tmp_path: Path) -> None:
    async with running_kernel(tmp_path) as kernel:
        server = Server(kernel)
        queue = await server.queue("in turn")
        tasks = [await enqueued(server, queue, f"task {tag}", tags=[tag]) for tag in ("needs:gpu", "priority:9")]
        assert [await pull(server, queue) for _ in tasks] == tasks


async def test_a_task_waits_for_a_worker_with_its_labels(server: Server) -> None:
    queue = await server.queue("with labels")
    picky = await enqueued(server, queue, "task picky", tags=["needs:gpu", "needs:a100"])
    plain = await enqueued(server, queue, "task plain")
    await server.call("workers.register", worker="host:0", queues=[queue], tags=["gpu"])
    assert await pull(server, queue) == plain
    assert await pull(server, queue) is None
    await server.call("workers.status_report", worker="host:0", timestamp=1, queues=[queue], tags=["gpu", "a100"])
    assert await pull(server, queue) == picky


async def test_agents_take_by_the_same_rules(server: Server) -> None:
    queue = await server.queue("taken from")
    picky = await enqueued(server, queue, "task picky", tags=["needs:gpu", "priority:1"])
    plain = await enqueued(server, queue, "task plain")
    await server.call("workers.register", worker="with", queues=[queue], tags=["gpu"])
    await server.call("workers.register", worker="without", queues=[queue])
    assert await server.call("agents.take", worker="without", queues=[queue]) == {"task": plain}
    assert await server.call("agents.take", worker="without", queues=[queue]) == {}
    assert await server.call("agents.take", worker="with", queues=[queue]) == {"task": picky}


async def test_so_many_of_a_queue_run_at_once(server: Server) -> None:
    queue = await server.queue("with a limit")
    await limit(server, queue, max_running="2")
    tasks = [await enqueued(server, queue, f"task {number}") for number in range(3)]
    assert [await pull(server, queue), await pull(server, queue)] == tasks[:2]
    assert await pull(server, queue) is None, "those that were given out count before they run"
    for task in tasks[:2]:
        await server.call("tasks.started", task=task)
    assert await pull(server, queue) is None
    await server.call("tasks.completed", task=tasks[0])
    assert await pull(server, queue) == tasks[2]


async def test_a_task_that_is_asked_for_by_its_id_is_given(server: Server) -> None:
    queue = await server.queue("with no room")
    await limit(server, queue, max_running="1")
    tasks = [await enqueued(server, queue, f"task {number}") for number in range(2)]
    assert await pull(server, queue) == tasks[0]
    answer = await server.call("queues.get_next_task", queue=queue, task=tasks[1])
    assert answer["entry"]["task"] == tasks[1]


async def test_so_many_of_a_user_run_at_once(server: Server) -> None:
    queue = await server.queue("of two users")
    await limit(server, queue, max_running_per_user="1")
    other = Server(server.kernel, Identity("other-user", "Other"))
    mine = [await enqueued(server, queue, f"mine {number}") for number in range(2)]
    theirs = await enqueued(other, queue, "of the other")
    assert [await pull(server, queue), await pull(server, queue)] == [mine[0], theirs]
    assert await pull(server, queue) is None


async def test_a_user_has_one_limit_for_all_queues(tmp_path: Path) -> None:
    async with running_kernel(tmp_path, f"{ON}max_running_per_user = 1\n") as kernel:
        server = Server(kernel)
        queues = [await server.queue(f"queue {number}") for number in range(2)]
        tasks = [await enqueued(server, queue, "some task") for queue in queues]
        own = await server.task("beside its user", system_tags=["development"])
        await server.call("tasks.started", task=own)
        assert await pull(server, queues[0]) == tasks[0]
        assert await pull(server, queues[1]) is None
        await server.call("tasks.started", task=tasks[0])
        await server.call("tasks.failed", task=tasks[0])
        assert await pull(server, queues[1]) == tasks[1]


@pytest.mark.postgresql
async def test_two_servers_keep_one_limit(tmp_path: Path, postgresql_cluster: postgresql.Cluster) -> None:
    """However many ask both servers at once, no more are given out than may run, and none twice."""
    url = await asyncio.to_thread(postgresql_cluster.create_database, f"t{secrets.token_hex(8)}")
    async with AsyncExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            config = f'{ON}[storage]\nmetadata = "{url}"\n'
            servers.append(Server(await stack.enter_async_context(running_kernel(tmp_path / name, config))))
        queue = await servers[0].queue("of both")
        await limit(servers[0], queue, max_running="3")
        for number in range(8):
            await enqueued(servers[0], queue, f"task {number}")
        given = await asyncio.gather(*(pull(servers[index % 2], queue) for index in range(16)))
        found = [task for task in given if task]
        assert len(found) == len(set(found)) == 3
