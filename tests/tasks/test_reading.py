"""Lists of tasks. The query language has tests of its own."""

from __future__ import annotations

import pytest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_poll_of_the_sdk(board: Board) -> None:
    """Every two seconds: exactly the fields that were asked for."""
    task = await board.make()
    await board.call("started", task=task, status_message="m")
    asked = {"id": [task], "only_fields": ["status", "status_message", "id"], "search_hidden": False, "method": "get"}
    assert (await board.call("get_all", **asked))["tasks"] == [{"id": task, "status": "in_progress", "status_message": "m"}]


async def test_unknown_ids_are_absent(board: Board) -> None:
    """No error."""
    assert await board.call("get_all", id=["nobody"]) == {"tasks": []}


async def test_the_agent_asks_for_one_field(board: Board) -> None:
    """A dict that is empty is there, and no id that was not asked for."""
    task = await board.make()
    assert (await board.call("get_all", id=task, only_fields=["container"]))["tasks"] == [{"container": {}}]
    assert (await board.call("get_all", id=[task], only_fields=["runtime.version"]))["tasks"] == [{"runtime": {}}]


async def test_references_become_objects(board: Board) -> None:
    """In the answers of ``_ex``."""
    project, parent = await board.make_project("reading"), await board.make(name="the parent")
    task = await board.make(project=project, parent=parent)
    asked = {"id": [task], "only_fields": ["name", "project.name", "parent.name", "company", "status"]}
    for endpoint in ("get_all_ex", "get_by_id_ex"):
        (found,) = (await board.call(endpoint, **asked))["tasks"]
        assert found["id"] == task
        assert found["project"] == {"id": project, "name": "reading"}
        assert found["parent"] == {"id": parent, "name": "the parent"}
        assert found["company"]["id"] == board.identity.company


async def test_a_scroll_goes_on(board: Board) -> None:
    """The same id comes back on every part, and the last is short."""
    project = await board.make_project("scrolls")
    tasks = [await board.make(project=project) for _ in range(3)]
    body = {"project": [project], "size": 2, "order_by": ["created"], "only_fields": ["id"]}
    first = await board.call("get_all_ex", scroll_id=None, **body)
    second = await board.call("get_all_ex", scroll_id=first["scroll_id"], **body)
    assert first["scroll_id"] == second["scroll_id"]
    assert [item["id"] for item in first["tasks"] + second["tasks"]] == tasks


async def test_types(board: Board) -> None:
    """Those that occur in a project and below it."""
    above, below = await board.make_project("types"), await board.make_project("types/below")
    await board.make(project=above, type="testing")
    await board.make(project=below, type="monitor")
    await board.make(project=below, type="monitor")
    assert await board.call("get_types", projects=[above]) == {"types": ["monitor", "testing"]}
    assert await board.call("get_types", projects=[below]) == {"types": ["monitor"]}
    assert {"monitor", "testing"} <= set((await board.call("get_types"))["types"])


async def test_get_by_id_knows_everything(board: Board) -> None:
    """Whatever the projection says, and with the names of metrics."""
    task = await board.make()
    found = (await board.call("get_by_id", task=task, only_fields=["status"]))["task"]
    assert {"name", "script", "unique_metrics", "last_metrics"} <= set(found)
