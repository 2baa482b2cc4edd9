"""What a naive server gets wrong, 83 to 93: workers, and consistency."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = int(datetime.now(UTC).timestamp() * 1000)


async def new_task(api: Api, **fields: Any) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "worked on", "type": "training", **fields}))["id"])


async def get(api: Api, task: str) -> dict[str, Any]:
    """The whole task."""
    found: dict[str, Any] = (await api.call("tasks.get_by_id", task=task))["task"]
    return found


async def worker(api: Api, name: str) -> dict[str, Any]:
    """What the server knows of a worker."""
    (found,) = (item for item in (await api.call("workers.get_all"))["workers"] if item["id"] == name)
    return dict(found)


async def test_83_report_of_an_unknown_worker_registers_it(api: Api) -> None:
    """No registration is needed before."""
    await api.call("workers.status_report", worker="unregistered:0", timestamp=NOW)
    assert (await worker(api, "unregistered:0"))["id"] == "unregistered:0"


async def test_84_explicit_nulls_are_accepted(api: Api) -> None:
    """The agent sends them, and a key of its own."""
    nulls = dict.fromkeys(("task", "queue", "queues", "tags", "system_tags", "machine_stats"))
    body = {"worker": "nulls:0", "timestamp": NOW, "is_daemon": True, **nulls}
    assert (await api.ask("workers.status_report", body)).codes == (200, 0)


async def test_85_report_without_a_task_means_idle(api: Api) -> None:
    """At once, not when the worker expires."""
    task = await new_task(api)
    await api.call("workers.status_report", worker="busy:0", timestamp=NOW, task=task)
    assert (await worker(api, "busy:0"))["task"]["id"] == task
    assert (await get(api, task))["last_worker"] == "busy:0"
    await api.call("workers.status_report", worker="busy:0", timestamp=NOW)
    assert not (await worker(api, "busy:0")).get("task")


@pytest.mark.parametrize("name", ["host:gpu0,1", "daemon:service:0123456789abcdef", "host:4711", "ümlaut host:0"])
async def test_86_any_name_of_a_worker(api: Api, name: str) -> None:
    """It is the client's choice."""
    await api.call("workers.register", worker=name, queues=[], timeout=600)
    assert (await worker(api, name))["id"] == name


async def test_87_unregister_of_an_unknown_worker(api: Api) -> None:
    """No error."""
    assert (await api.ask("workers.unregister", {"worker": "never seen"})).codes == (200, 0)


async def test_88_a_read_after_a_write_sees_it(api: Api) -> None:
    """The SDK reads, changes and writes whole dictionaries."""
    task = await new_task(api)
    for step in range(20):
        runtime = {**(await get(api, task))["runtime"], f"key {step}": step}
        await api.call("tasks.edit", task=task, runtime=runtime)
    assert (await get(api, task))["runtime"] == {f"key {step}": step for step in range(20)}


async def test_89_what_an_edit_replaces_and_what_it_merges(api: Api) -> None:
    """Dictionaries are replaced whole; script, execution, output and models are merged one level deep."""
    task = await new_task(api, runtime={"a": 1})
    await api.call("tasks.edit", task=task, runtime={"b": 2}, container={"image": "one", "arguments": "x"})
    await api.call("tasks.edit", task=task, container={"image": "two"}, script={"branch": "main", "diff": "text"})
    await api.call("tasks.edit", task=task, script={"branch": "other"})
    state = await get(api, task)
    assert state["runtime"] == {"b": 2}
    assert state["container"].get("image") == "two"
    assert not state["container"].get("arguments")
    assert (state["script"]["branch"], state["script"]["diff"]) == ("other", "text")


async def test_90_answers_are_not_cached(api: Api) -> None:
    """No ETag, and no 304."""
    answer = await api.ask("tasks.get_all", {}, {"If-None-Match": "*"})
    assert answer.status == 200
    assert "ETag" not in answer.headers


async def test_91_edits_of_different_fields_at_once(api: Api) -> None:
    """The agent writes the runtime while the SDK writes hyperparameters."""
    task = await new_task(api)
    item = {"section": "Args", "name": "rate", "value": "1"}
    edits = [api.call("tasks.edit", task=task, runtime={"step": step}) for step in range(10)]
    edits += [
        api.call("tasks.edit", task=task, hyperparams={"Args": {"rate": {**item, "value": str(step)}}}) for step in range(10)
    ]
    edits += [api.call("tasks.update", task=task, comment=f"comment {step}") for step in range(10)]
    await asyncio.gather(*edits)
    state = await get(api, task)
    assert state["runtime"].keys() == {"step"}
    assert state["hyperparams"]["Args"]["rate"]["value"].isdigit()
    assert state["comment"].startswith("comment ")


async def test_92_and_93_new_objects_have_their_times_in_utc(api: Api) -> None:
    """Last update and last change are there from the beginning."""
    before = datetime.now(UTC)
    state = await get(api, await new_task(api))
    model_id = (await api.call("models.create", name="timed", uri="http://127.0.0.1/timed"))["id"]
    model = (await api.call("models.get_by_id", model=model_id))["model"]
    for found in (state, model):
        for key in ("created", "last_update", "last_change"):
            age = abs((datetime.fromisoformat(found[key]) - before).total_seconds())
            assert age < 600, key
