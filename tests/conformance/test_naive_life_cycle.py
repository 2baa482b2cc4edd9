"""What a naive server gets wrong, 46 to 62: the life cycle of tasks."""

from datetime import timedelta
from typing import Any

import pytest
from trackyard.core import clock, store
from trackyard.core.entities import TASK
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def new_task(api: Api, **fields: Any) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "a life", "type": "training", **fields}))["id"])


async def get(api: Api, task: str) -> dict[str, Any]:
    """The whole task."""
    found: dict[str, Any] = (await api.call("tasks.get_by_id", task=task))["task"]
    return found


async def new_queue(api: Api, name: str) -> str:
    """The id of a new queue."""
    return str((await api.call("queues.create", name=name))["id"])


async def test_46_and_47_started_may_be_said_again(api: Api) -> None:
    """Agent and SDK say it four times; the time of the start stays."""
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    started = (await get(api, task))["started"]
    for _ in range(3):
        assert (await api.call("tasks.started", task=task))["updated"] == 1
    assert (await get(api, task))["started"] == started


async def test_48_every_status_call_overwrites_the_message(api: Api) -> None:
    """An old ``stopping`` would end the next run."""
    task = await new_task(api)
    await api.call("tasks.started", task=task, status_message="stopping", status_reason="why")
    assert (await get(api, task))["status_message"] == "stopping"
    await api.call("tasks.started", task=task)
    again = await get(api, task)
    assert (again.get("status_message", ""), again.get("status_reason", "")) == ("", "")


async def test_49_stop_is_a_request_for_tasks_with_a_live_worker(api: Api) -> None:
    """Those without one, in a queue or of a developer stop at once."""
    developed = await new_task(api, system_tags=["development"])
    await api.call("tasks.started", task=developed)
    await api.call("tasks.stop", task=developed)
    assert (await get(api, developed))["status"] == "stopped"
    queued = await new_task(api)
    await api.call("tasks.enqueue", task=queued, queue_name="stopped in here")
    await api.call("tasks.stop", task=queued)
    assert (await get(api, queued))["status"] == "stopped"
    remote = await new_task(api)
    await api.call("tasks.started", task=remote)
    await api.call("workers.status_report", worker="life:0", timestamp=1_700_000_000_000, task=remote)
    await api.call("tasks.stop", task=remote)
    state = await get(api, remote)
    assert state["status"] == "in_progress"
    assert "stopping" in state["status_message"]


async def test_50_taking_a_task_changes_nothing_of_it(api: Api) -> None:
    """It stays queued until it is started; a task that is gone does not fail the call."""
    queue, task = await new_queue(api, "taken from"), await new_task(api)
    await api.call("tasks.enqueue", task=task, queue=queue)
    assert (await api.call("queues.get_next_task", queue=queue))["entry"]["task"] == task
    assert (await get(api, task))["status"] == "queued"


async def test_51_enqueue_of_a_queued_task(api: Api) -> None:
    """The same queue refuses it, another one takes it over."""
    first, second, task = await new_queue(api, "first queue"), await new_queue(api, "second queue"), await new_task(api)
    await api.call("tasks.enqueue", task=task, queue=first)
    assert (await api.ask("tasks.enqueue", {"task": task, "queue": first})).codes == (400, 706)
    await api.call("tasks.enqueue", task=task, queue=second)
    entries = [(await api.call("queues.get_by_id", queue=queue))["queue"]["entries"] for queue in (first, second)]
    assert [[entry["task"] for entry in found] for found in entries] == [[], [task]]


async def test_52_unknown_queue_name_makes_the_queue(api: Api) -> None:
    """An unknown id does not."""
    task = await new_task(api)
    await api.call("tasks.enqueue", task=task, queue_name="made by enqueue")
    (queue,) = (await api.call("queues.get_all", name="^made by enqueue$"))["queues"]
    assert [entry["task"] for entry in queue["entries"]] == [task]
    assert (await api.ask("tasks.enqueue", {"task": await new_task(api), "queue": "0" * 32})).codes == (400, 701)


async def test_53_enqueue_takes_the_developer_s_tag_away(api: Api) -> None:
    """Otherwise a later stop would end a remote run at once."""
    task = await new_task(api, system_tags=["development", "other"])
    await api.call("tasks.enqueue", task=task, queue_name="drops tags")
    assert (await get(api, task))["system_tags"] == ["other"]


async def test_54_forced_edits(api: Api) -> None:
    """Of running and of published tasks."""
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    assert (await api.ask("tasks.edit", {"task": task, "comment": "x"})).codes == (400, 110)
    await api.call("tasks.edit", task=task, comment="running", force=True)
    await api.call("tasks.completed", task=task)
    await api.call("tasks.publish", task=task)
    await api.call("tasks.edit", task=task, comment="published", force=True)
    assert (await get(api, task))["comment"] == "published"


async def test_55_dequeue_of_a_task_that_is_not_queued(api: Api) -> None:
    """The agent always asks for it."""
    answer = await api.ask("tasks.dequeue", {"task": await new_task(api), "new_status": "in_progress"})
    assert answer.codes == (200, 0)
    assert answer.data["updated"] == 0


async def test_56_what_reset_keeps_and_drops(api: Api) -> None:
    """Parameters stay; results go."""
    parameters = {"Args": {"rate": {"section": "Args", "name": "rate", "value": "1"}}}
    task = await new_task(api, hyperparams=parameters, tags=["kept"])
    await api.call("tasks.started", task=task)
    await api.call("tasks.edit", task=task, force=True, runtime={"progress": "5"})
    artifacts = [{"key": "out", "type": "dict", "mode": "output"}, {"key": "in", "type": "dict", "mode": "input"}]
    await api.call("tasks.add_or_update_artifacts", task=task, artifacts=artifacts)
    await api.call("tasks.add_or_update_model", task=task, name="m", model="0" * 32, type="output")
    point = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "iter": 9, "value": 1}
    await api.batch("events.add_batch", [point])
    await api.call("tasks.stopped", task=task)
    assert (await api.call("tasks.reset", task=task))["updated"] == 1
    state = await get(api, task)
    assert state["hyperparams"]["Args"]["rate"]["value"] == "1"
    assert state["tags"] == ["kept"]
    assert (state["runtime"], state["models"]["output"], state["last_metrics"]) == ({}, [], {})
    assert [artifact["key"] for artifact in state["execution"]["artifacts"]] == ["in"]
    assert (state["status"], state["last_iteration"], state.get("started")) == ("created", 0, None)
    assert await api.call("events.scalar_metrics_iter_histogram", task=task) == {}


async def test_57_text_of_the_watchdog(api: Api) -> None:
    """Pipelines compare it, and then take the step for still running."""
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    silent = {"last_update": clock.now() - timedelta(hours=3)}
    await api.kernel.metadata.write(lambda session: store.update(session, TASK, task, silent, tells=False))
    (job,) = [job for job in api.kernel.plugins.provided("jobs") if job.name == "stop silent tasks"]
    await job.run(api.kernel)
    state = await get(api, task)
    assert state["status"] == "stopped"
    assert state["status_message"] == state["status_reason"] == "Forced stop (non-responsive)"


async def test_58_children_of_a_deleted_task(api: Api) -> None:
    """They remember it with a prefix."""
    parent = await new_task(api)
    child = await new_task(api, parent=parent)
    assert (await api.call("tasks.delete", task=parent, force=True))["updated_children"] == 1
    assert (await get(api, child))["parent"] == f"__DELETED__{parent}"


async def test_59_and_61_completed_may_be_said_again(api: Api) -> None:
    """And its time stays when the task is started once more."""
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    await api.call("tasks.completed", task=task)
    assert (await api.ask("tasks.completed", {"task": task})).codes == (200, 0)
    completed = (await get(api, task))["completed"]
    await api.call("tasks.started", task=task)
    assert (await get(api, task))["completed"] == completed


async def test_60_publish_of_a_published_task(api: Api) -> None:
    """Refused with the status error, as from states that were never run."""
    task = await new_task(api)
    assert (await api.ask("tasks.publish", {"task": task})).codes == (400, 110)
    await api.call("tasks.started", task=task)
    await api.call("tasks.completed", task=task)
    await api.call("tasks.publish", task=task)
    assert (await api.ask("tasks.publish", {"task": task})).codes == (400, 110)


@pytest.mark.parametrize("name", ["ab", "  a  "])
async def test_62_names_have_three_characters(api: Api, name: str) -> None:
    """Everywhere alike."""
    bodies = {"tasks": {"type": "training"}, "models": {"uri": "http://127.0.0.1/x"}, "projects": {}, "queues": {}}
    for service, more in bodies.items():
        assert (await api.ask(f"{service}.create", {"name": name, **more})).codes == (400, 800), service
