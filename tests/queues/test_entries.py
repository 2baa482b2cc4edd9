"""Tasks in queues: order, moves, pulling, what becomes of their status."""

import pytest
from trackyard.core import store
from trackyard.core.entities import TASK

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_tasks_are_pulled_in_order(server: Server) -> None:
    queue, tasks = await server.filled_queue("in order", 3)
    assert await server.call("queues.get_num_entries", queue=queue) == {"num": 3}
    assert await server.call("queues.peek_task", queue=queue) == {"task": tasks[0]}
    pulled = [(await server.call("queues.get_next_task", queue=queue))["entry"] for _ in tasks]
    assert [entry["task"] for entry in pulled] == tasks
    assert pulled[0]["added"] <= pulled[1]["added"] <= pulled[2]["added"]
    assert await server.call("queues.get_next_task", queue=queue) == {}
    assert await server.call("queues.peek_task", queue=queue) == {}
    assert [await server.status(task) for task in tasks] == ["queued"] * 3


async def test_a_task_that_was_stopped_while_it_waited_is_queued_again(server: Server) -> None:
    queue, task = await server.queue("with stopped"), await server.task()
    for name, fields in (("tasks.started", {}), ("tasks.stopped", {}), ("queues.add_task", {"queue": queue})):
        await server.call(name, task=task, **fields)
    assert await server.status(task) == "stopped"
    assert (await server.call("queues.get_next_task", queue=queue))["entry"]["task"] == task
    assert await server.status(task) == "queued"


async def test_owner_is_told_when_asked_for(server: Server) -> None:
    queue, tasks = await server.filled_queue("with owner", 1)
    answer = await server.call("queues.get_next_task", queue=queue, get_task_info=True)
    assert answer["entry"]["task"] == tasks[0]
    assert answer["task_info"] == {"company": server.identity.company, "user": server.identity.user}


async def test_one_task_can_be_asked_for(server: Server) -> None:
    queue, tasks = await server.filled_queue("one of them", 3)
    assert (await server.call("queues.get_next_task", queue=queue, task=tasks[1]))["entry"]["task"] == tasks[1]
    assert await server.call("queues.get_next_task", queue=queue, task=tasks[1]) == {}
    assert await server.waiting(queue) == [tasks[0], tasks[2]]


async def test_tasks_that_are_gone_are_passed_over(server: Server) -> None:
    queue, tasks = await server.filled_queue("with gone", 2)
    await server.kernel.metadata.write(lambda session: store.delete(session, TASK, tasks[:1]))
    assert (await server.call("queues.get_next_task", queue=queue))["entry"]["task"] == tasks[1]
    assert await server.call("queues.get_next_task", queue=queue) == {}


async def test_add_task_leaves_the_status_and_moves_between_queues(server: Server) -> None:
    first, second, task = await server.queue("add first"), await server.queue("add second"), await server.task()
    assert await server.call("queues.add_task", queue=first, task=task) == {"added": 1}
    assert await server.refusal("queues.add_task", queue=first, task=task) == (400, 706)
    assert await server.status(task) == "created"
    await server.call("queues.add_task", queue=second, task=task, update_execution_queue=False)
    assert (await server.waiting(first), await server.waiting(second)) == ([], [task])
    assert (await server.call("tasks.get_by_id", task=task))["task"]["execution"]["queue"] == first
    assert await server.refusal("queues.add_task", queue=first, task="0" * 32) == (400, 101)


async def test_remove_task(server: Server) -> None:
    queue, tasks = await server.filled_queue("remove", 2)
    assert await server.call("queues.remove_task", queue=queue, task=tasks[0]) == {"removed": 1}
    assert await server.status(tasks[0]) == "queued"
    assert await server.call("queues.remove_task", queue=queue, task=tasks[0]) == {"removed": 0}
    assert await server.call("queues.remove_task", queue=queue, task=tasks[1], update_task_status=True) == {"removed": 1}
    assert await server.status(tasks[1]) == "created"
    assert await server.refusal("queues.remove_task", queue=queue, task="0" * 32) == (400, 101)


async def test_clear_queue_puts_the_statuses_back(server: Server) -> None:
    queue, tasks = await server.filled_queue("clear", 2)
    failed = await server.task()
    for name, fields in (("tasks.started", {}), ("tasks.failed", {}), ("tasks.enqueue", {"queue": queue})):
        await server.call(name, task=failed, **fields)
    assert await server.call("queues.clear_queue", queue=queue) == {"removed_tasks": [*tasks, failed]}
    assert [await server.status(task) for task in (*tasks, failed)] == ["created", "created", "failed"]
    assert await server.call("queues.clear_queue", queue=queue) == {"removed_tasks": []}


@pytest.mark.parametrize(
    ("move", "fields", "place"),
    [
        ("to_front", {}, 0),
        ("to_back", {}, 4),
        ("forward", {}, 1),
        ("forward", {"count": 2}, 0),
        ("forward", {"count": 9}, 0),
        ("forward", {"count": -1}, 3),
        ("backward", {}, 3),
        ("backward", {"count": 9}, 4),
        ("backward", {"count": -1}, 1),
        ("backward", {"count": 0}, 2),
    ],
)
async def test_moves(server: Server, move: str, fields: dict[str, int], place: int) -> None:
    queue, tasks = await server.filled_queue(f"moves {move} {fields} {place}", 5)
    answer = await server.call(f"queues.move_task_{move}", queue=queue, task=tasks[2], **fields)
    assert answer == {"position": place}
    rest = [task for task in tasks if task != tasks[2]]
    assert await server.waiting(queue) == [*rest[:place], tasks[2], *rest[place:]]


async def test_only_waiting_tasks_are_moved(server: Server) -> None:
    queue, _ = await server.filled_queue("moves of others", 1)
    assert await server.refusal("queues.move_task_to_front", queue=queue, task=await server.task()) == (400, 703)
    assert await server.refusal("queues.move_task_to_front", queue=queue, task="0" * 32) == (400, 101)


async def test_entries_can_be_limited(server: Server) -> None:
    queue, tasks = await server.filled_queue("limited", 3)
    found = (await server.call("queues.get_by_id", queue=queue, max_task_entries=2))["queue"]["entries"]
    assert [entry["task"] for entry in found] == tasks[:2]
    listed = (await server.call("queues.get_all", id=[queue], max_task_entries=1))["queues"][0]["entries"]
    assert [entry["task"] for entry in listed] == tasks[:1]


async def test_last_update_of_the_queue_moves(server: Server) -> None:
    queue, tasks = await server.filled_queue("touched", 1)
    before = (await server.call("queues.get_by_id", queue=queue))["queue"]["last_update"]
    await server.call("queues.remove_task", queue=queue, task=tasks[0])
    assert (await server.call("queues.get_by_id", queue=queue))["queue"]["last_update"] >= before
