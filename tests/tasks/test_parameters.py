"""Hyperparameters and configuration objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def item(section: str, name: str, value: str, **more: Any) -> dict[str, Any]:
    """One hyperparameter as the protocol has it."""
    return {"section": section, "name": name, "value": value, **more}


async def parameters(board: Board, task: str) -> list[dict[str, Any]]:
    """The hyperparameters of a task."""
    answer = await board.call("get_hyper_params", tasks=[task])
    assert [one["task"] for one in answer["params"]] == [task]
    return list(answer["params"][0]["hyperparams"])


async def test_items_are_added_and_replaced(board: Board) -> None:
    """What a form adds to an item is not kept; ``section`` replaces the sections that occur, ``all`` everything."""
    task = await board.make()
    await board.call("edit_hyper_params", task=task, hyperparams=[item("Args", "a", "1", id="form"), item("Other.x", "b.c", "2")])
    assert await parameters(board, task) == [item("Args", "a", "1"), item("Other.x", "b.c", "2")]
    await board.call("edit_hyper_params", task=task, hyperparams=[item("Args", "d", "3", type="int")], replace_hyperparams="none")
    assert [one["name"] for one in await parameters(board, task)] == ["a", "d", "b.c"]
    await board.call("edit_hyper_params", task=task, hyperparams=[item("Args", "e", "4")], replace_hyperparams="section")
    assert [one["name"] for one in await parameters(board, task)] == ["e", "b.c"]
    answer = await board.call("edit_hyper_params", task=task, hyperparams=[item("Z", "f", "5")], replace_hyperparams="all")
    assert answer == {"updated": 1}
    assert await parameters(board, task) == [item("Z", "f", "5")]


async def test_items_and_sections_are_deleted(board: Board) -> None:
    """A key without a name is a section; nothing there is nothing deleted."""
    task = await board.make()
    await board.call("edit_hyper_params", task=task, hyperparams=[item("A", "a", "1"), item("A", "b", "2"), item("B", "c", "3")])
    assert await board.call("delete_hyper_params", task=task, hyperparams=[{"section": "A", "name": "a"}]) == {"deleted": 1}
    assert await board.call("delete_hyper_params", task=task, hyperparams=[{"section": "A", "name": "a"}]) == {"deleted": 0}
    assert await board.call("delete_hyper_params", task=task, hyperparams=[{"section": "A"}]) == {"deleted": 1}
    assert await parameters(board, task) == [item("B", "c", "3")]


@pytest.mark.parametrize("endpoint", ["edit_hyper_params", "delete_hyper_params"])
async def test_hyperparameters_are_protected(board: Board, endpoint: str) -> None:
    """A draft may be changed, a running task by force, others never."""
    body = {"hyperparams": [item("Args", "a", "1")]}
    running, done = await board.make("in_progress"), await board.make("completed")
    assert await board.refused(endpoint, task=running, **body) == (400, 110)
    await board.call(endpoint, task=running, force=True, **body)
    assert await board.refused(endpoint, task=done, force=True, **body) == (400, 110)


async def test_properties_are_free(board: Board) -> None:
    """In any status, and they are no change of data."""
    task = await board.make("published")
    await board.age(task, 100)
    before = await board.read(task)
    await board.call("edit_hyper_params", task=task, hyperparams=[item("properties", "version", "1.0")])
    after = await board.read(task)
    assert after["hyperparams"]["properties"]["version"]["value"] == "1.0"
    assert after["last_update"] == before["last_update"]
    assert await board.call("delete_hyper_params", task=task, hyperparams=[{"section": "properties"}]) == {"deleted": 1}
    mixed = [item("properties", "version", "1"), item("Args", "a", "1")]
    assert await board.refused("edit_hyper_params", task=task, hyperparams=mixed) == (400, 110)
    alone = {"hyperparams": [item("properties", "v", "1")], "replace_hyperparams": "all"}
    assert await board.refused("edit_hyper_params", task=task, **alone) == (400, 110)


@pytest.mark.parametrize("wrong", [{"name": "a", "value": "1"}, {"section": "A", "value": "1"}, item("A", "a", 1)])  # type: ignore[arg-type]
async def test_incomplete_items_are_refused(board: Board, wrong: dict[str, Any]) -> None:
    """Section, name and a text."""
    assert await board.refused("edit_hyper_params", task=await board.make(), hyperparams=[wrong]) == (400, 12)


async def test_unknown_tasks(board: Board) -> None:
    """All must exist."""
    task = await board.make()
    for endpoint in ("get_hyper_params", "get_configurations", "get_configuration_names"):
        assert await board.refused(endpoint, tasks=[task, "nobody"]) == (400, 101)


async def test_configuration(board: Board) -> None:
    """Objects are set, listed, replaced and deleted by name."""
    task = await board.make()
    await board.call("edit_configuration", task=task, configuration=[{"name": "b", "value": "x"}, {"name": "a", "value": ""}])
    answer = await board.call("get_configurations", tasks=[task])
    assert answer == {
        "configurations": [{"task": task, "configuration": [{"name": "a", "value": ""}, {"name": "b", "value": "x"}]}]
    }
    chosen = await board.call("get_configurations", tasks=[task], names=["b", "nothing"])
    assert [one["name"] for one in chosen["configurations"][0]["configuration"]] == ["b"]
    assert (await board.call("get_configuration_names", tasks=[task]))["configurations"] == [{"task": task, "names": ["b"]}]
    every = await board.call("get_configuration_names", tasks=[task], skip_empty=False)
    assert every["configurations"][0]["names"] == ["a", "b"]
    await board.call("edit_configuration", task=task, configuration=[{"name": "c", "value": "y"}], replace_configuration=True)
    assert list((await board.read(task))["configuration"]) == ["c"]
    assert await board.call("delete_configuration", task=task, configuration=["c"]) == {"deleted": 1}
    assert await board.call("delete_configuration", task=task, configuration=["c"]) == {"deleted": 0}


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("edit_configuration", {"configuration": [{"name": "a", "value": "1"}]}),
        ("delete_configuration", {"configuration": ["a"]}),
    ],
)
async def test_configuration_is_protected(board: Board, endpoint: str, body: dict[str, Any]) -> None:
    """As hyperparameters are."""
    running, done = await board.make("in_progress"), await board.make("completed")
    assert await board.refused(endpoint, task=running, **body) == (400, 110)
    await board.call(endpoint, task=running, force=True, **body)
    assert await board.refused(endpoint, task=done, force=True, **body) == (400, 110)


async def test_the_only_item_of_a_list_may_come_alone(board: Board) -> None:
    """Also where the items are objects."""
    task = await board.make()
    await board.call("edit_hyper_params", task=task, hyperparams=item("A", "a", "1"))
    await board.call("edit_configuration", task=task, configuration={"name": "c", "value": "x"})
    await board.call("add_or_update_artifacts", task=task, artifacts={"key": "k", "type": "dict"})
    copy = (await board.call("clone", task=task, new_task_input_models={"name": "m", "model": await board.make_model()}))["id"]
    assert await parameters(board, copy) == [item("A", "a", "1")]
    assert list((await board.read(copy))["configuration"]) == ["c"]
    assert len((await board.read(copy))["models"]["input"]) == 1
    assert [one["key"] for one in (await board.read(task))["execution"]["artifacts"]] == ["k"]
