"""Deleting tasks."""

from __future__ import annotations

import pytest
from trackyard.core.lifecycle.unit import TURN

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_delete(board: Board) -> None:
    """The answer is of the protocol's types: a truth value and counts."""
    task = await board.make()
    assert await board.call("delete", task=task) == {
        "deleted": True,
        "updated_children": 0,
        "updated_models": 0,
        "deleted_models": 0,
        "urls": None,
    }
    assert await board.refused("get_by_id", task=task) == (400, 101)


@pytest.mark.parametrize("status", ["queued", "in_progress", "stopped", "completed", "published"])
async def test_only_drafts_and_archived_tasks_are_deleted_without_force(board: Board, status: str) -> None:
    """Others are 400/123."""
    task, archived = await board.make(status), await board.make(status, system_tags=["archived"])
    assert await board.refused("delete", task=task) == (400, 123)
    assert (await board.call("delete", task=task, force=True))["deleted"] is True
    assert (await board.call("delete", task=archived))["deleted"] is True


async def test_children_stay(board: Board) -> None:
    """Their parent is marked."""
    parent = await board.make()
    child = await board.make(parent=parent)
    assert (await board.call("delete", task=parent))["updated_children"] == 1
    assert (await board.read(child))["parent"] == f"__DELETED__{parent}"


async def test_models_go_stay_or_stop_it(board: Board) -> None:
    """Drafts go; used and published ones stay without their task; published ones need force."""
    task, user = await board.make(), await board.make()
    draft = await board.make_model(task=task)
    used = await board.make_model(task=task)
    await board.call("add_or_update_model", task=user, name="in", model=used, type="input")
    ready = await board.make_model(task=task, ready=True)
    assert await board.refused("delete", task=task) == (400, 123)
    answer = await board.call("delete", task=task, force=True)
    assert (answer["deleted_models"], answer["updated_models"]) == (1, 2)
    assert await board.read_model(draft) is None
    assert ["task" in (await board.read_model(model) or {}) for model in (used, ready)] == [False, False]


async def test_models_can_stay(board: Board) -> None:
    """If the caller says so."""
    task = await board.make()
    model = await board.make_model(task=task)
    answer = await board.call("delete", task=task, delete_output_models=False)
    assert (answer["deleted_models"], answer["updated_models"]) == (0, 1)
    assert await board.read_model(model) is not None


async def test_a_queued_task_leaves_its_queue(board: Board) -> None:
    """An agent would pull a task that is gone."""
    queue = await board.make_queue("queue of the deleted")
    task = await board.make()
    await board.call("enqueue", task=task, queue=queue)
    await board.call("delete", task=task, force=True)
    assert await board.waiting(queue) == []


async def test_addresses_of_files(board: Board) -> None:
    """Only when they are asked for."""
    task = await board.make()
    artifact = {"key": "a", "type": "dict", "uri": "s3://bucket/a"}
    await board.call("add_or_update_artifacts", task=task, artifacts=[artifact, {"key": "b", "type": "dict"}])
    await board.make_model(task=task, uri="s3://bucket/m")
    urls = (await board.call("delete", task=task, return_file_urls=True))["urls"]
    assert urls == {"model_urls": ["s3://bucket/m"], "event_urls": [], "artifact_urls": ["s3://bucket/a"]}


async def test_delete_many(board: Board) -> None:
    """One by one."""
    draft, running = await board.make(), await board.make("in_progress")
    answer = await board.call("delete_many", ids=[draft, running, "nobody"], return_file_urls=True)
    assert [(item["id"], item["deleted"]) for item in answer["succeeded"]] == [(draft, True)]
    assert answer["succeeded"][0]["urls"] == {"model_urls": [], "event_urls": [], "artifact_urls": []}
    assert [item["error"]["codes"] for item in answer["failed"]] == [[400, 123], [400, 101]]


async def test_steps_of_a_pipeline_go_along_if_asked(board: Board) -> None:
    """With all that is theirs."""
    controller = await board.make(type="controller")
    step = await board.make("completed", parent=controller)
    await board.call("delete", task=controller, include_pipeline_steps=True)
    assert await board.refused("get_by_id", task=step) == (400, 101)


async def test_more_tasks_than_fit_one_unit_of_work(board: Board) -> None:
    """All are answered for, in their order."""
    tasks = [await board.make() for _ in range(TURN + 2)]
    answer = await board.call("delete_many", ids=[tasks[0], *tasks])
    assert [item["id"] for item in answer["succeeded"]] == tasks
    assert answer["failed"] == []
