"""Tasks between projects, in and out of the archive, with other tags."""

from __future__ import annotations

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_move(board: Board) -> None:
    """By id, by a name that is made, or to the root."""
    project = await board.make_project("moves")
    tasks = [await board.make(), await board.make()]
    assert await board.call("move", ids=tasks, project=project) == {"project_id": project}
    assert {(await board.read(task))["project"] for task in tasks} == {project}
    made = (await board.call("move", ids=tasks[0], project_name="moves/below"))["project_id"]
    assert (await board.read_project(made))["name"] == "moves/below"
    assert await board.call("move", ids=tasks, project=None) == {"project_id": None}
    assert "project" not in await board.read(tasks[0])


async def test_move_refuses(board: Board) -> None:
    """All or none."""
    project, task = await board.make_project("moves"), await board.make()
    assert await board.refused("move", ids=[task]) == (400, 11)
    assert await board.refused("move", ids=[task], project="nowhere") == (400, 401)
    assert await board.refused("move", ids=[task, "nobody"], project=project) == (400, 101)
    assert "project" not in await board.read(task)


async def test_archive_and_back(board: Board) -> None:
    """The tag, the reason and the message; no change of data."""
    task = await board.make("completed", system_tags=["other"])
    await board.age(task, 100)
    before = await board.read(task)
    answer = await board.call("archive_many", ids=[task, "nobody"], status_reason="old", status_message="away")
    found = await board.read(task)
    assert answer["succeeded"] == [{"id": task, "archived": True}]
    assert answer["failed"][0]["error"]["codes"] == [400, 101]
    assert found["system_tags"] == ["archived", "other"]
    assert (found["status"], found["status_reason"], found["status_message"]) == ("completed", "old", "away")
    assert found["last_update"] == before["last_update"]
    assert (await board.call("unarchive_many", ids=[task]))["succeeded"] == [{"id": task, "unarchived": True}]
    assert (await board.read(task))["system_tags"] == ["other"]


async def test_archive_takes_a_task_out_of_its_queue(board: Board) -> None:
    """Its status is put back."""
    queue = await board.make_queue("archive queue")
    task = await board.make("stopped")
    await board.call("enqueue", task=task, queue=queue)
    assert await board.call("archive", tasks=[task]) == {"archived": 1}
    assert (await board.status(task), await board.waiting(queue)) == ("stopped", [])
    assert "archived" in (await board.read(task))["system_tags"]


async def test_archive_is_all_or_nothing(board: Board) -> None:
    """The endpoint for several tasks in one."""
    task = await board.make()
    assert await board.refused("archive", tasks=[task, "nobody"]) == (400, 101)
    assert (await board.read(task))["system_tags"] == []


async def test_steps_are_archived_along_if_asked(board: Board) -> None:
    """And come back along."""
    controller = await board.make("completed", type="controller")
    step = await board.make("completed", parent=controller)
    assert await board.call("archive", tasks=[controller], include_pipeline_steps=True) == {"archived": 2}
    assert (await board.read(step))["system_tags"] == ["archived"]
    await board.call("unarchive_many", ids=[controller], include_pipeline_steps=True)
    assert (await board.read(step))["system_tags"] == []


async def test_update_tags(board: Board) -> None:
    """How many tasks changed."""
    one, two = await board.make(tags=["a", "b"]), await board.make(tags=["c"])
    assert await board.call("update_tags", ids=[one, two, "nobody"], add_tags=["c"], remove_tags=["a"]) == {"updated": 1}
    assert [(await board.read(task))["tags"] for task in (one, two)] == [["b", "c"], ["c"]]
