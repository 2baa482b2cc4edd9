"""Tasks into queues and out of them."""

from __future__ import annotations

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_enqueue(board: Board) -> None:
    """Status, queue, the status before, and no ``development`` any more."""
    queue = await board.make_queue("plain queue")
    task = await board.make("failed", system_tags=["development", "other"])
    answer = await board.call("enqueue", task=task, queue=queue, status_message="go")
    found = await board.read(task)
    assert (answer["queued"], answer["updated"]) == (1, 1)
    assert "queue_watched" not in answer
    assert answer["fields"]["execution.queue"] == queue
    assert answer["fields"]["enqueue_status"] == "failed"
    assert (found["status"], found["status_message"], found["execution"]["queue"]) == ("queued", "go", queue)
    assert found["system_tags"] == ["other"]
    assert await board.waiting(queue) == [task]


async def test_enqueue_twice_and_elsewhere(board: Board) -> None:
    """The same queue again is 400/706, another queue is a move that keeps the status before."""
    first, second = await board.make_queue("first queue"), await board.make_queue("second queue")
    task = await board.make("stopped")
    await board.call("enqueue", task=task, queue=first)
    assert await board.refused("enqueue", task=task, queue=first) == (400, 706)
    assert await board.waiting(first) == [task]
    await board.call("enqueue", task=task, queue=second)
    assert (await board.waiting(first), await board.waiting(second)) == ([], [task])
    await board.call("dequeue", task=task)
    assert await board.status(task) == "stopped"


async def test_enqueue_by_name_makes_the_queue(board: Board) -> None:
    """Once; the second time it is found."""
    tasks = [await board.make(), await board.make()]
    queues = {(await board.call("enqueue", task=task, queue_name="named queue"))["fields"]["execution.queue"] for task in tasks}
    assert len(queues) == 1
    assert await board.waiting(queues.pop()) == tasks


async def test_enqueue_without_a_queue_takes_the_default(board: Board) -> None:
    """It is made when it is first needed."""
    task = await board.make()
    queue = (await board.call("enqueue", task=task))["fields"]["execution.queue"]
    assert (await board.call("queues.get_default"))["id"] == queue


async def test_enqueue_into_no_queue(board: Board) -> None:
    """An unknown id is 400/701; a name is no id."""
    task = await board.make()
    assert await board.refused("enqueue", task=task, queue="nowhere") == (400, 701)
    assert await board.refused("enqueue", task=task, queue_name="no") == (400, 800)
    assert await board.status(task) == "created"


async def test_enqueue_can_leave_the_execution_queue(board: Board) -> None:
    """The scheduler of a cluster moves tasks through queues of its own."""
    first, second = await board.make_queue("chosen queue"), await board.make_queue("cluster queue")
    task = await board.make()
    await board.call("enqueue", task=task, queue=first)
    answer = await board.call("enqueue", task=task, queue=second, update_execution_queue=False)
    assert "execution.queue" not in answer["fields"]
    assert (await board.read(task))["execution"]["queue"] == first


async def test_enqueue_tells_whether_somebody_listens(board: Board) -> None:
    """Only when asked."""
    queue = await board.make_queue("watched queue")
    one, other = await board.make(), await board.make()
    assert (await board.call("enqueue", task=one, queue=queue, verify_watched_queue=True))["queue_watched"] is False
    await board.call("workers.register", worker="host:1", queues=[queue])
    assert (await board.call("enqueue", task=other, queue=queue, verify_watched_queue=True))["queue_watched"] is True


async def test_enqueue_many(board: Board) -> None:
    """One by one, with the order of the ids kept."""
    queue = await board.make_queue("queue of many")
    good, bad, last = await board.make(), await board.make("published"), await board.make()
    answer = await board.call("enqueue_many", ids=[good, bad, last], queue=queue, validate_tasks=True, verify_watched_queue=True)
    assert [(item["id"], item["queued"], item["updated"]) for item in answer["succeeded"]] == [(good, True, 1), (last, True, 1)]
    assert [(item["id"], item["error"]["codes"]) for item in answer["failed"]] == [(bad, [400, 110])]
    assert answer["queue_watched"] is False
    assert await board.waiting(queue) == [good, last]


async def test_enqueue_many_can_check_the_inputs(board: Board) -> None:
    """A task whose input model is gone would fail later."""
    queue = await board.make_queue("checked queue")
    task = await board.make()
    await board.call("add_or_update_model", task=task, name="in", model="gone", type="input")
    answer = await board.call("enqueue_many", ids=[task], queue=queue, validate_tasks=True)
    assert answer["failed"][0]["error"]["codes"] == [400, 201]
    assert (await board.call("enqueue_many", ids=[task], queue=queue))["succeeded"]


async def test_dequeue_puts_the_status_back(board: Board) -> None:
    """Or gives the one that is asked for, as agents do."""
    queue = await board.make_queue("left queue")
    task = await board.make("stopped")
    await board.call("enqueue", task=task, queue=queue)
    answer = await board.call("dequeue", task=task)
    assert (answer["dequeued"], answer["updated"], answer["fields"]["status"]) == (1, 1, "stopped")
    assert await board.waiting(queue) == []
    await board.call("enqueue", task=task, queue=queue)
    assert (await board.call("dequeue", task=task, new_status="in_progress"))["updated"] == 1
    assert await board.status(task) == "in_progress"


async def test_dequeue_of_what_is_not_queued(board: Board) -> None:
    """No error: the agent always calls it."""
    task = await board.make("in_progress")
    assert await board.call("dequeue", task=task) == {"dequeued": 1, "updated": 0, "fields": {}}


async def test_dequeue_many(board: Board) -> None:
    """An unknown task is in no queue, so all is well."""
    queue = await board.make_queue("emptied queue")
    task = await board.make()
    await board.call("enqueue", task=task, queue=queue)
    answer = await board.call("dequeue_many", ids=[task, "nobody"])
    assert [(item["id"], item["dequeued"], item["updated"]) for item in answer["succeeded"]] == [
        (task, True, 1),
        ("nobody", False, 0),
    ]
    assert answer["failed"] == []
    assert await board.status(task) == "created"


async def test_pulling_does_not_change_the_status(board: Board) -> None:
    """The agent says ``started`` itself; a dequeue after it is still a change of status."""
    queue = await board.make_queue("pulled queue")
    task = await board.make()
    await board.call("enqueue", task=task, queue=queue)
    assert (await board.call("queues.get_next_task", queue=queue))["entry"]["task"] == task
    assert await board.status(task) == "queued"
    assert (await board.call("dequeue", task=task, new_status="in_progress"))["updated"] == 1
