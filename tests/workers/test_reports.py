"""Workers register, report and go."""

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from trackyard.core import clock, store
from trackyard.core.entities import Worker, table_of

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def report(server: Server, worker: str, **fields: Any) -> dict[str, Any]:
    """What an agent sends: explicit nulls, a stray key."""
    nulls = dict.fromkeys(("task", "queue", "queues", "tags", "system_tags", "machine_stats"))
    body = {**nulls, "worker": worker, "timestamp": int(time.time() * 1000), "is_daemon": True, "method": "get"}
    answer: dict[str, Any] = await server.call("workers.status_report", **{**body, **fields})
    return answer


async def find(server: Server, worker: str, **filters: Any) -> dict[str, Any] | None:
    workers = (await server.call("workers.get_all", **filters))["workers"]
    return next((one for one in workers if one["id"] == worker), None)


async def shown(server: Server, worker: str) -> dict[str, Any]:
    found = await find(server, worker)
    assert found is not None
    return found


async def age(server: Server, worker: str, seconds: int) -> None:
    """Put the last sign of life of a worker into the past."""
    table = table_of(Worker)
    moment = clock.now() - timedelta(seconds=seconds)
    statement = update(table).where(table.c.id == worker).values(last_activity_time=moment)
    await server.kernel.metadata.write(lambda session: session.execute(statement) and None)


async def test_a_registered_worker_is_listed_with_its_queues(server: Server) -> None:
    queue, tasks = await server.filled_queue("listened to", 2)
    assert await server.call("workers.register", worker="host:0", queues=[queue], tags=["b", "a"], timeout=60) == {}
    found = await shown(server, "host:0")
    next_task = {"id": tasks[0], "name": "listened to 0"}
    assert found["queues"] == [{"id": queue, "name": "listened to", "num_tasks": 2, "next_task": next_task}]
    assert (found["tags"], found["system_tags"], found["register_timeout"]) == (["a", "b"], [], 60)
    assert found["company"] == {"id": server.identity.company, "name": server.identity.company_name}
    assert found["user"]["id"] == server.identity.user
    assert {"key", "ip", "register_time", "last_activity_time"} <= found.keys()
    assert {"task", "project", "queue", "last_report_time"}.isdisjoint(found)


async def test_registering_again_overwrites(server: Server) -> None:
    queue = await server.queue("first of two")
    await server.call("workers.register", worker="again:0", queues=[queue], tags=["old"])
    await report(server, "again:0", task=await server.task(), queue=queue)
    await server.call("workers.register", worker="again:0", queues=[], tags=["new"])
    found = await shown(server, "again:0")
    assert (found["queues"], found["tags"], found.get("task")) == ([], ["new"], None)


async def test_a_worker_registers_only_for_queues_that_exist(server: Server) -> None:
    assert await server.refusal("workers.register", worker="wrong:0", queues=["0" * 32]) == (400, 701)
    assert await find(server, "wrong:0") is None


async def test_a_report_is_enough_to_be_known(server: Server) -> None:
    assert await report(server, "host:gpu0,1:service:abc") == {}
    assert (await shown(server, "host:gpu0,1:service:abc"))["register_timeout"] == 600


async def test_a_report_with_a_task_reaches_the_task(server: Server) -> None:
    project = await server.kernel.metadata.write(lambda session: store.ensure_project(session, server.identity, "with workers"))
    queue, task = await server.queue("came from"), await server.task("worked on", project=project)
    await server.call("tasks.started", task=task)
    before = (await server.call("tasks.get_by_id", task=task))["task"]
    await report(server, "busy:0", task=task, queue=queue, queues=[queue])
    after = (await server.call("tasks.get_by_id", task=task))["task"]
    assert after["last_worker"] == "busy:0"
    assert after["last_worker_report"] == after["last_update"] > before["last_update"]
    assert after["last_change"] == before["last_change"]
    found = await shown(server, "busy:0")
    assert {name: found["task"][name] for name in ("id", "name", "last_iteration")} == {
        "id": task, "name": "worked on", "last_iteration": 0,
    }  # fmt: skip
    assert found["task"]["running_time"] >= 0
    assert found["project"] == {"id": project, "name": "with workers"}
    assert (found["queue"]["id"], [one["id"] for one in found["queues"]]) == (queue, [queue])
    assert found["last_report_time"] == found["last_activity_time"]


async def test_a_report_without_a_task_means_idle(server: Server) -> None:
    queue = await server.queue("stays listened to")
    await report(server, "idle:0", task=await server.task(), queue=queue, queues=[queue], tags=["x"])
    await report(server, "idle:0")
    found = await shown(server, "idle:0")
    assert {"task", "project", "queue"}.isdisjoint(found)
    assert ([one["id"] for one in found["queues"]], found["tags"]) == ([queue], ["x"]), "nulls leave lists as they were"
    await report(server, "idle:0", queues=[], tags=["y"])
    found = await shown(server, "idle:0")
    assert (found["queues"], found["tags"]) == ([], ["y"])


async def test_the_rest_of_a_report_on_an_unknown_task_is_kept(server: Server) -> None:
    queue = await server.queue("of the rest")
    assert await server.refusal(
        "workers.status_report", worker="lost:0", timestamp=1, task="0" * 32, queues=[queue], tags=["kept"]
    ) == (400, 101)
    found = await shown(server, "lost:0")
    assert ([one["id"] for one in found["queues"]], found["tags"], found.get("task")) == ([queue], ["kept"], None)


async def test_a_silent_worker_is_gone_after_its_timeout(server: Server) -> None:
    await server.call("workers.register", worker="silent:0", timeout=60, tags=["silence"])
    await age(server, "silent:0", 59 - 30)
    assert await find(server, "silent:0") is not None
    await age(server, "silent:0", 61)
    assert await find(server, "silent:0", last_seen=0) is None
    assert await server.call("workers.get_count", tags=["silence"]) == {"count": 0}
    await report(server, "silent:0")
    assert (await shown(server, "silent:0"))["register_timeout"] == 600, "what comes back is new"


async def test_idle_reports_are_seen_at_once_and_written_later(server: Server) -> None:
    await report(server, "lazy:0")
    await age(server, "lazy:0", 300)
    old = (await shown(server, "lazy:0"))["last_activity_time"]
    await report(server, "lazy:0")
    new = (await shown(server, "lazy:0"))["last_activity_time"]
    assert new - old > timedelta(seconds=250)


async def test_unregister(server: Server) -> None:
    await report(server, "leaves:0")
    await report(server, "leaves:0")
    assert await server.call("workers.unregister", worker="leaves:0", queues=[]) == {}
    assert await find(server, "leaves:0") is None
    assert await server.call("workers.unregister", worker="leaves:0") == {}
    assert await server.call("workers.unregister", worker="never:seen") == {}


async def test_filters(server: Server) -> None:
    for name, tags, system_tags in (("filter-a:0", ["x"], ["s"]), ("filter-b:0", ["y"], []), ("filter-c:0", ["x", "y"], ["s"])):
        await server.call("workers.register", worker=name, tags=tags, system_tags=system_tags)
    await age(server, "filter-b:0", 300)

    async def names(**filters: Any) -> list[str]:
        found = (await server.call("workers.get_all", **{"worker_pattern": "filter-*", **filters}))["workers"]
        assert await server.call("workers.get_count", **{"worker_pattern": "filter-*", **filters}) == {"count": len(found)}
        return [one["id"][7] for one in found]

    assert await names() == ["a", "b", "c"]
    assert await names(worker_pattern="filter-[ab]:?") == ["a", "b"]
    assert await names(last_seen=200) == ["a", "c"]
    assert await names(last_seen=0) == ["a", "b", "c"]
    assert await names(tags=["x"]) == ["a", "c"]
    assert await names(tags="y") == ["b", "c"]
    assert await names(tags=["x", "-y"]) == ["a"]
    assert await names(system_tags=["-s"]) == ["b"]


@pytest.mark.parametrize(
    "fields",
    [{"worker": ""}, {}, {"worker": 1}, {"worker": "w:0", "timestamp": "now"}, {"worker": "w:0", "timestamp": 1, "queues": 7}],
)
async def test_malformed_reports(server: Server, fields: dict[str, Any]) -> None:
    assert await server.refusal("workers.status_report", **{"timestamp": 1, **fields}) == (400, 12)


async def test_listeners_of_queues_are_told(server: Server) -> None:
    queue, task = await server.queue("with listeners"), await server.task("runs now")
    await server.call("workers.register", worker="listens:0", queues=[queue])
    await report(server, "listens:1", task=task, queues=[queue])
    (found,) = (await server.call("queues.get_all_ex", id=[queue]))["queues"]
    assert [(one["name"], one.get("task")) for one in found["workers"]] == [
        ("listens:0", None),
        ("listens:1", {"id": task, "name": "runs now"}),
    ]
    watched = await server.call("tasks.enqueue", task=await server.task(), queue=queue, verify_watched_queue=True)
    assert watched["queue_watched"] is True
