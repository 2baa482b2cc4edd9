"""Requests to stop: at once, or by the runner."""

from __future__ import annotations

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run_by_worker(board: Board, **fields: object) -> str:
    """A running task that a worker reports on."""
    task = await board.make(**fields)
    await board.call("started", task=task)
    await board.write(task, last_worker="host:0")
    return task


async def test_a_task_of_a_live_worker_is_asked(board: Board) -> None:
    """The status stays and the message is what agents look for."""
    task = await run_by_worker(board)
    answer = await board.call("stop", task=task, status_reason="enough", status_message="now")
    found = await board.read(task)
    assert answer["updated"] == 1
    assert (found["status"], found["status_message"], found["status_reason"]) == ("in_progress", "stopping", "enough")
    assert "completed" not in found


async def test_a_task_without_a_worker_stops_at_once(board: Board) -> None:
    """Nobody would obey. ``completed`` stays unset."""
    task = await board.make()
    await board.call("started", task=task)
    await board.call("stop", task=task)
    found = await board.read(task)
    assert (found["status"], found["status_message"]) == ("stopped", f"Stopped by {board.identity.name}")
    assert "completed" not in found


async def test_a_task_of_a_silent_worker_stops_at_once(board: Board) -> None:
    """Ten minutes without a sign of life are enough."""
    task = await run_by_worker(board)
    await board.age(task, 700)
    await board.call("stop", task=task)
    assert await board.status(task) == "stopped"


async def test_a_development_task_stops_at_once(board: Board) -> None:
    """It runs beside its user, where no agent looks."""
    task = await run_by_worker(board, system_tags=["development"])
    await board.call("stop", task=task)
    assert await board.status(task) == "stopped"


async def test_a_queued_task_stops_at_once_and_leaves_its_queue(board: Board) -> None:
    """An agent must not pull it any more."""
    queue = await board.make_queue("stopping place")
    task = await board.make()
    await board.call("enqueue", task=task, queue=queue)
    await board.call("stop", task=task)
    assert await board.status(task) == "stopped"
    assert await board.waiting(queue) == []


@pytest.mark.parametrize("status", ["created", "completed", "published"])
async def test_force_stops_what_does_not_run(board: Board, status: str) -> None:
    """Without it the table holds."""
    task = await board.make(status)
    assert await board.refused("stop", task=task) == (400, 110)
    await board.call("stop", task=task, force=True)
    assert await board.status(task) == "stopped"


async def test_pipeline_steps_stop_too_if_asked(board: Board) -> None:
    """Running and queued steps; others and tasks that are no steps stay."""
    controller = await board.make("in_progress", type="controller")
    step = await board.make("in_progress", parent=controller)
    done = await board.make("completed", parent=controller)
    await board.call("stop", task=controller)
    assert await board.status(step) == "in_progress"
    await board.write(controller, status="in_progress")
    await board.call("stop", task=controller, include_pipeline_steps=True)
    assert [await board.status(task) for task in (controller, step, done)] == ["stopped", "stopped", "completed"]


async def test_stop_many(board: Board) -> None:
    """One by one."""
    running, draft = await board.make("in_progress"), await board.make()
    answer = await board.call("stop_many", ids=[running, draft])
    assert [(item["id"], item["updated"]) for item in answer["succeeded"]] == [(running, 1)]
    assert [item["error"]["codes"] for item in answer["failed"]] == [[400, 110]]
