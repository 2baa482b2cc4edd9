"""Artifacts and models of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def artifact(key: str, **more: Any) -> dict[str, Any]:
    """An artifact as clients send it."""
    return {"key": key, "type": "dict", "uri": f"http://127.0.0.1:8081/{key}", **more}


async def artifacts(board: Board, task: str) -> list[dict[str, Any]]:
    """The artifacts of a task."""
    return list((await board.read(task))["execution"]["artifacts"])


async def test_artifacts_are_known_by_key_and_mode(board: Board) -> None:
    """The default mode is output; they come back sorted, and unknown keys of ``type_data`` stay."""
    task = await board.make("in_progress")
    data = {"preview": "p", "content_type": "text", "custom": [1, {"a": None}]}
    sent = artifact("b", hash="h", content_size=3, timestamp=1, type_data=data, display_data=[["k", "v"]])
    assert await board.call("add_or_update_artifacts", task=task, artifacts=[sent, artifact("a", mode="input")]) == {"updated": 1}
    assert await artifacts(board, task) == [artifact("a", mode="input", display_data=[]), {**sent, "mode": "output"}]
    await board.call("add_or_update_artifacts", task=task, artifacts=[artifact("a"), artifact("b", hash="new")])
    found = await artifacts(board, task)
    assert [(one["key"], one["mode"], one.get("hash")) for one in found] == [
        ("a", "input", None),
        ("a", "output", None),
        ("b", "output", "new"),
    ]


async def test_artifacts_are_deleted_by_key_and_mode(board: Board) -> None:
    """What is not there is not deleted."""
    task = await board.make()
    await board.call("add_or_update_artifacts", task=task, artifacts=[artifact("a"), artifact("a", mode="input")])
    assert await board.call("delete_artifacts", task=task, artifacts=[{"key": "a"}]) == {"deleted": 1}
    assert [one["mode"] for one in await artifacts(board, task)] == ["input"]
    assert await board.call("delete_artifacts", task=task, artifacts=[{"key": "a", "mode": None}]) == {"deleted": 0}


@pytest.mark.parametrize("endpoint", ["add_or_update_artifacts", "delete_artifacts"])
async def test_artifacts_are_protected(board: Board, endpoint: str) -> None:
    """Drafts and running tasks may be changed, others by force."""
    task = await board.make("completed")
    assert await board.refused(endpoint, task=task, artifacts=[artifact("a")]) == (400, 110)
    await board.call(endpoint, task=task, artifacts=[artifact("a")], force=True)
    assert await board.refused(endpoint, task=task, artifacts=[{"type": "dict"}], force=True) == (400, 12)


async def test_edit_sorts_artifacts_too(board: Board) -> None:
    """The SDK sends the whole ``execution``."""
    task = await board.make()
    await board.call("edit", task=task, execution={"artifacts": [artifact("b"), artifact("a")]})
    assert [(one["key"], one["mode"]) for one in await artifacts(board, task)] == [("a", "output"), ("b", "output")]


async def test_models_are_known_by_name(board: Board) -> None:
    """A replaced one is the last; whether the model exists is not asked."""
    task = await board.make("in_progress")
    for name, model in (("one", "m1"), ("two", "m2"), ("one", "m3")):
        body = {"task": task, "name": name, "model": model, "type": "output", "iteration": 7}
        assert await board.call("add_or_update_model", **body) == {"updated": 1}
    found = await board.read(task)
    assert [(one["name"], one["model"]) for one in found["models"]["output"]] == [("two", "m2"), ("one", "m3")]
    assert all("updated" in one for one in found["models"]["output"])
    assert found["models"]["input"] == []
    assert found["last_iteration"] == 7
    await board.call("add_or_update_model", task=task, name="in", model="m4", type="input", iteration=3)
    assert (await board.read(task))["last_iteration"] == 7


async def test_models_are_forgotten_by_name(board: Board) -> None:
    """On the side that is named."""
    task = await board.make()
    for side in ("input", "output"):
        await board.call("add_or_update_model", task=task, name="m", model="x", type=side)
    assert await board.call("delete_models", task=task, models=[{"name": "m", "type": "input"}]) == {"updated": 1}
    assert await board.call("delete_models", task=task, models=[{"name": "m", "type": "input"}]) == {"updated": 0}
    models = (await board.read(task))["models"]
    assert (models["input"], [one["name"] for one in models["output"]]) == ([], ["m"])
