"""Queues and workers as agents use them, over HTTP."""

import time
from typing import Any

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def new_task(api: Api) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "pulled", "type": "training"}))["id"])


async def new_queue(api: Api, name: str) -> str:
    """The id of a new queue."""
    return str((await api.call("queues.create", {"name": name}))["id"])


async def worker_of(api: Api, worker: str) -> dict[str, Any]:
    """A worker as it is listed."""
    found = (await api.call("workers.get_all"))["workers"]
    return next(one for one in found if one["id"] == worker)


def report(worker: str, **more: Any) -> dict[str, Any]:
    """A report as the agent sends it."""
    nulls = dict.fromkeys(("task", "queue", "queues", "tags", "machine_stats"))
    return {"worker": worker, "timestamp": int(time.time() * 1000), "is_daemon": True, **nulls, **more}


async def test_19_the_agent_polls_tags_of_its_queues(api: Api) -> None:
    queue = await new_queue(api, "polled for tags")
    found = await api.call("queues.get_all", {"id": [queue], "only_fields": ["id", "tags"]})
    assert found == {"queues": [{"id": queue, "tags": []}]}


async def test_20_entries_are_there_even_if_empty(api: Api) -> None:
    queue = await new_queue(api, "without entries")
    assert (await api.call("queues.get_by_id", {"queue": queue}))["queue"]["entries"] == []
    (found,) = (await api.call("queues.get_all", {"id": [queue]}))["queues"]
    assert (found["entries"], found["tags"], found["metadata"]) == ([], [], {})


async def test_26_an_empty_queue_answers_an_empty_object(api: Api) -> None:
    queue = await new_queue(api, "stays empty")
    answer = await api.ask("queues.get_next_task", {"queue": queue})
    assert (answer.status, answer.codes, answer.data) == (200, (200, 0), {})


async def test_44_a_text_where_a_list_is_expected(api: Api) -> None:
    queue = await new_queue(api, "asked for by one id")
    assert (await api.call("queues.get_all", {"id": queue, "only_fields": "id"}))["queues"] == [{"id": queue}]


async def test_50_pulling_leaves_the_status(api: Api) -> None:
    queue, task = await new_queue(api, "pulled from"), await new_task(api)
    await api.call("tasks.enqueue", {"task": task, "queue": queue})
    before = (await api.call("tasks.get_by_id", {"task": task}))["task"]
    assert (await api.call("queues.get_next_task", {"queue": queue}))["entry"]["task"] == task
    after = (await api.call("tasks.get_by_id", {"task": task}))["task"]
    assert (after["status"], after["status_changed"]) == ("queued", before["status_changed"])


async def test_50_pulling_passes_over_a_task_that_is_gone(api: Api) -> None:
    queue, task = await new_queue(api, "pulled from in vain"), await new_task(api)
    await api.call("tasks.enqueue", {"task": task, "queue": queue})
    await api.call("tasks.delete", {"task": task, "force": True})
    answer = await api.ask("queues.get_next_task", {"queue": queue})
    assert (answer.codes, answer.data) == ((200, 0), {})


async def test_83_a_report_registers(api: Api) -> None:
    assert await api.call("workers.status_report", report("never registered:0")) == {}
    assert (await worker_of(api, "never registered:0"))["register_timeout"] == 600


async def test_84_explicit_nulls(api: Api) -> None:
    assert await api.call("workers.register", {"worker": "nulls:0", "timeout": None, "queues": None, "tags": None}) == {}
    assert await api.call("workers.status_report", report("nulls:0", system_tags=None)) == {}


async def test_85_a_report_without_a_task_means_idle(api: Api) -> None:
    task = await new_task(api)
    await api.call("workers.status_report", report("works:0", task=task))
    assert (await worker_of(api, "works:0"))["task"]["id"] == task
    await api.call("workers.status_report", report("works:0"))
    assert "task" not in await worker_of(api, "works:0")


@pytest.mark.parametrize("worker", ["host:gpu0,1", "host:0:service:a1b2", "host:gpu*", "häst:k8s[1]", "a/b c%20"])
async def test_86_ids_of_workers_are_free(api: Api, worker: str) -> None:
    await api.call("workers.register", {"worker": worker})
    await api.call("workers.status_report", report(worker, machine_stats={"cpu_usage": [1]}))
    assert (await worker_of(api, worker))["id"] == worker
    assert await api.call("workers.get_metric_keys", {"worker_ids": [worker]})
    assert await api.call("workers.unregister", {"worker": worker}) == {}
    assert worker not in {one["id"] for one in (await api.call("workers.get_all"))["workers"]}


async def test_87_an_unknown_worker_may_leave(api: Api) -> None:
    answer = await api.ask("workers.unregister", {"worker": "nobody:0", "queues": []})
    assert (answer.status, answer.codes, answer.data) == (200, (200, 0), {})


@pytest.mark.parametrize("name", ["get_runtime_properties", "set_runtime_properties", "cluster_report", "cluster_unregister"])
async def test_what_the_agent_tries_in_vain(api: Api, name: str) -> None:
    answer = await api.ask(f"workers.{name}", {"worker": "w:0", "runtime_properties": []})
    assert (answer.status, answer.codes, answer.data) == (404, (404, 0), {})
