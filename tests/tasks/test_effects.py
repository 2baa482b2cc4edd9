"""What changes of status write beside the status."""

from __future__ import annotations

import pytest
from trackyard.core import clock
from trackyard.core.identity import DEFAULT_COMPANY
from trackyard.core.testing.kernel import ADMIN

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_status_call_writes_times_and_texts(board: Board) -> None:
    """Status, reason, message, three equal times, and who did it; the answer has what was written."""
    project = await board.make_project("effects")
    task = await board.make(project=project)
    before = (await board.read_project(project))["last_update"]
    answer = await board.call("started", task=task, status_reason="why", status_message="what")
    found = await board.read(task)
    assert (found["status"], found["status_reason"], found["status_message"]) == ("in_progress", "why", "what")
    assert found["status_changed"] == found["last_update"] == found["last_change"] == found["started"]
    assert found["last_changed_by"] == ADMIN.user
    assert answer["updated"] == answer["started"] == 1
    assert answer["fields"] == {name: found[name] for name in answer["fields"]}
    assert {"status", "status_reason", "status_message", "status_changed", "last_update", "last_change"} <= set(answer["fields"])
    assert (await board.read_project(project))["last_update"] >= before


async def test_a_call_without_texts_wipes_those_of_the_last(board: Board) -> None:
    """A stale "stopping" would kill the next run."""
    task = await board.make()
    await board.call("started", task=task, status_reason="a", status_message="stopping")
    await board.call("started", task=task)
    found = await board.read(task)
    assert (found["status_reason"], found["status_message"]) == ("", "")


async def test_started_keeps_the_first_start(board: Board) -> None:
    """Agents and the SDK say it up to five times; ``started: 1`` is answered each time."""
    task = await board.make()
    first = (await board.call("started", task=task))["fields"]["started"]
    again = await board.call("started", task=task, force=True)
    assert again["started"] == 1
    assert "started" not in again["fields"]
    assert (await board.read(task))["started"] == first


@pytest.mark.parametrize(("endpoint", "sets"), [("completed", True), ("stopped", True), ("failed", False)])
async def test_completed_is_a_time(board: Board, endpoint: str, sets: bool) -> None:
    """Set by completed and stopped, not by failed."""
    task = await board.make("in_progress")
    await board.call(endpoint, task=task)
    assert ("completed" in await board.read(task)) is sets


async def test_completed_stays_when_the_task_starts_again(board: Board) -> None:
    """A continued task keeps the time of its first end until the next."""
    task = await board.make("in_progress")
    await board.call("completed", task=task)
    completed = (await board.read(task))["completed"]
    await board.call("started", task=task)
    assert (await board.read(task))["completed"] == completed


async def test_completed_with_publish(board: Board) -> None:
    """Both in one call."""
    task = await board.make("in_progress")
    assert (await board.call("completed", task=task))["published"] == 0
    answer = await board.call("completed", task=task, publish=True, status_message="done")
    found = await board.read(task)
    assert answer["published"] == 1
    assert found["status"] == "published"
    assert found["status_message"] == "done"
    assert found["published"] == found["status_changed"]


async def test_publish_makes_the_last_output_model_ready(board: Board) -> None:
    """Unless ``publish_model`` is false."""
    first, last = await board.make_model(), await board.make_model()
    task = await board.make("completed")
    for name, model in (("one", first), ("two", last)):
        await board.call("add_or_update_model", task=task, name=name, model=model, type="output")
    await board.call("publish", task=task, publish_model=False)
    assert not (await board.read_model(last) or {})["ready"]
    await board.call("publish", task=task, force=True)
    assert (await board.read_model(last) or {})["ready"]
    assert not (await board.read_model(first) or {})["ready"]


async def test_publish_many_answers_one_by_one(board: Board) -> None:
    """What fails says why; the call succeeds."""
    good, bad = await board.make("stopped"), await board.make("in_progress")
    answer = await board.call("publish_many", ids=[good, bad, "nobody"])
    assert [(item["id"], item["updated"], item["fields"]["status"]) for item in answer["succeeded"]] == [(good, 1, "published")]
    assert [(item["id"], item["error"]["codes"]) for item in answer["failed"]] == [(bad, [400, 110]), ("nobody", [400, 101])]
    assert await board.status(bad) == "in_progress"


async def test_public_tasks_are_read_only(board: Board) -> None:
    """Everybody reads them, nobody changes them."""
    task = await board.make()
    assert await board.call("make_public", ids=[task]) == {"updated": 1}
    assert (await board.read(task))["company"] == ""
    for endpoint in ("started", "edit", "update", "delete", "reset"):
        assert await board.refused(endpoint, task=task, name="another", force=True) == (400, 101)
    assert await board.call("make_private", ids=[task]) == {"updated": 1}
    assert (await board.read(task))["company"] == DEFAULT_COMPANY


async def test_ping(board: Board) -> None:
    """It moves ``last_update`` and the active duration of a running task, and says nothing of unknown ones."""
    task = await board.make()
    await board.call("started", task=task)
    await board.write(task, started=clock.now().replace(year=2020))
    await board.age(task, 1000)
    before = await board.read(task)
    assert await board.call("ping", task=task) == {}
    after = await board.read(task)
    assert after["last_update"] > before["last_update"]
    assert after["last_change"] == before["last_change"]
    assert after["active_duration"] > 86400
    assert await board.call("ping", task="nobody") == {}
