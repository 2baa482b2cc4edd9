"""Copies of tasks."""

from __future__ import annotations

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def source_task(board: Board) -> str:
    """A completed task with inputs and results."""
    project = await board.make_project("clones")
    model = await board.make_model()
    task = await board.make(
        name="the source",
        comment="c",
        project=project,
        tags=["t"],
        system_tags=["development", "archived", "kept"],
        script={"entry_point": "a.py"},
        container={"image": "i"},
        hyperparams={"Args": {"a": {"value": "1"}}},
        configuration={"c": {"value": "x"}},
        output_dest="s3://bucket",
        models={"input": [{"name": "in", "model": model}]},
        execution={
            "queue": "q",
            "framework": "f",
            "artifacts": [{"key": "i", "type": "x", "mode": "input"}, {"key": "o", "type": "x"}],
        },
    )
    await board.call("edit", task=task, runtime={"a": 1})
    await board.call("add_or_update_model", task=task, name="out", model=model, type="output")
    await board.write(task, status="completed", status_message="done", last_iteration=5)
    return task


async def test_a_copy_has_the_inputs(board: Board) -> None:
    """And is a draft of whoever copies."""
    task = await source_task(board)
    source = await board.read(task)
    answer = await board.call("clone", task=task)
    copy = await board.read(answer["id"])
    assert list(answer) == ["id"]
    for field in ("name", "type", "comment", "project", "tags", "script", "container", "hyperparams", "configuration", "output"):
        assert copy[field] == source[field]
    assert (copy["status"], copy["parent"], copy["user"]) == ("created", task, board.identity.user)
    assert copy["system_tags"] == ["kept"]
    assert copy["models"] == {"input": source["models"]["input"], "output": []}
    assert [item["key"] for item in copy["execution"]["artifacts"]] == ["i"]
    assert (copy["execution"]["framework"], copy["runtime"], copy["last_iteration"]) == ("f", {}, 0)
    assert "queue" not in copy["execution"]
    assert "status_message" not in copy
    assert copy["created"] >= source["created"]


async def test_what_is_given_replaces(board: Board) -> None:
    """Every ``new_task_…`` field; of the execution only the given keys."""
    task = await source_task(board)
    parent, model = await board.make(), await board.make_model()
    answer = await board.call(
        "clone",
        task=task,
        new_task_name="the copy",
        new_task_comment="d",
        new_task_tags=["u"],
        new_task_system_tags=["s"],
        new_task_parent=parent,
        new_task_hyperparams={"General": {"b": {"value": "2"}}},
        new_task_configuration={},
        new_task_container={"image": "j"},
        new_task_input_models=[{"name": "other", "model": model}],
        execution_overrides={"framework": "g", "queue": None},
        new_project_name="clones/new one",
        validate_references=True,
    )
    copy = await board.read(answer["id"])
    assert answer["new_project"] == {"id": copy["project"], "name": "clones/new one"}
    assert (copy["name"], copy["comment"], copy["tags"], copy["system_tags"]) == ("the copy", "d", ["u"], ["s"])
    assert (copy["parent"], copy["configuration"], copy["container"]) == (parent, {}, {"image": "j"})
    assert copy["hyperparams"] == {"General": {"b": {"section": "General", "name": "b", "value": "2"}}}
    assert [(item["name"], item["model"]) for item in copy["models"]["input"]] == [("other", model)]
    assert copy["execution"]["framework"] == "g"
    assert [item["key"] for item in copy["execution"]["artifacts"]] == ["i"]


async def test_the_parent_of_a_copy(board: Board) -> None:
    """The source's parent, or the source when it has none or a deleted one."""
    parent = await board.make()
    child = await board.make(parent=parent)
    assert (await board.read((await board.call("clone", task=child))["id"]))["parent"] == parent
    await board.call("delete", task=parent, force=True)
    assert (await board.read((await board.call("clone", task=child))["id"]))["parent"] == child


async def test_wrong_references(board: Board) -> None:
    """Each with its own code."""
    task = await board.make()
    assert await board.refused("clone", task=task, new_task_parent="nobody") == (400, 101)
    assert await board.refused("clone", task=task, new_task_project="nowhere") == (400, 16)
    assert await board.refused("clone", task=task, new_task_name="ab") == (400, 800)
    assert await board.refused("clone", task=task, new_task_input_models=[{"name": "a", "model": "b"}]) == (400, 201)


async def test_public_tasks_can_be_copied(board: Board) -> None:
    """Into the caller's company."""
    task = await board.make()
    await board.call("make_public", ids=[task])
    copy = await board.read((await board.call("clone", task=task))["id"])
    assert copy["company"] == board.identity.company
