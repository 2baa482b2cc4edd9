"""Runs of pipelines: start another one, delete some."""

from typing import Any

import pytest
from trackyard.core import store

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def project(server: Server, name: str) -> str:
    made: str = await server.kernel.metadata.write(lambda session: store.ensure_project(session, server.identity, name))
    return made


async def run(server: Server, name: str, in_project: str, **more: Any) -> str:
    return await server.task(name, type="controller", project=in_project, system_tags=["pipeline"], **more)


async def get(server: Server, task: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.call("tasks.get_by_id", task=task))["task"]
    return found


def argument(name: str, value: str, **more: str) -> dict[str, str]:
    return {"section": "Args", "name": name, "value": value, **more}


async def test_a_run_is_copied_and_enqueued(server: Server) -> None:
    queue, place = await server.queue("of pipelines"), await project(server, "p/.pipelines/start")
    hyperparams = {"Args": {"rate": argument("rate", "1", type="int"), "kept": argument("kept", "yes")}}
    source = await run(
        server, "start", place, hyperparams=hyperparams, configuration={"Pipeline": {"name": "Pipeline", "value": "{}"}}
    )
    arguments = [{"name": "rate", "value": "2"}, {"name": "new", "value": "3"}]
    answer = await server.call("pipelines.start_pipeline", task=source, queue=queue, args=arguments)
    assert answer == {"pipeline": answer["pipeline"], "enqueued": True}
    new = await get(server, answer["pipeline"])
    assert (new["name"], new["status"], new["project"], new["type"]) == ("start #2", "queued", place, "controller")
    assert new["system_tags"] == ["pipeline"]
    values = {name: (item["value"], item.get("type")) for name, item in new["hyperparams"]["Args"].items()}
    assert values == {"rate": ("2", "int"), "kept": ("yes", None), "new": ("3", None)}
    assert new["configuration"]["Pipeline"]["value"] == "{}"
    assert await server.waiting(queue) == [answer["pipeline"]]
    assert (await get(server, source))["hyperparams"]["Args"]["rate"]["value"] == "1"


async def test_runs_are_numbered(server: Server) -> None:
    place = await project(server, "p/.pipelines/numbered")
    first = await run(server, "numbered", place)
    await run(server, "numbered #7", place)
    await run(server, "other #9", place)
    queue = await server.queue("of numbered")
    for number in (8, 9):
        started = await server.call("pipelines.start_pipeline", task=first, queue=queue)
        assert (await get(server, started["pipeline"]))["name"] == f"numbered #{number}"


async def test_without_a_queue_the_default_one_is_used(server: Server) -> None:
    source = await run(server, "default", await project(server, "p/.pipelines/default"))
    started = await server.call("pipelines.start_pipeline", task=source, verify_watched_queue=True)
    assert started["queue_watched"] is False
    default = await server.call("queues.get_default")
    assert await server.waiting(default["id"]) == [started["pipeline"]]


async def test_nothing_stays_when_the_queue_is_unknown(server: Server) -> None:
    place = await project(server, "p/.pipelines/unknown queue")
    source = await run(server, "unknown queue", place)
    assert await server.refusal("pipelines.start_pipeline", task=source, queue="0" * 32) == (400, 701)
    assert await server.refusal("pipelines.start_pipeline", task="0" * 32) == (400, 101)
    found = await server.call("tasks.get_all", project=[place], only_fields=["id"], search_hidden=True)
    assert found["tasks"] == [{"id": source}]


async def test_runs_are_deleted_but_not_the_last(server: Server) -> None:
    place, other = await project(server, "p/.pipelines/deleted"), await project(server, "p/.pipelines/other")
    runs = [await run(server, f"deleted #{number}", place) for number in (1, 2, 3)]
    stranger = await run(server, "other", other)
    assert await server.refusal("pipelines.delete_runs", ids=runs, project=place) == (400, 160)
    answer = await server.call("pipelines.delete_runs", ids=[*runs[:2], stranger, "0" * 32], project=place)
    assert [(one["id"], one["deleted"]) for one in answer["succeeded"]] == [(run, True) for run in runs[:2]]
    assert [(one["id"], one["error"]["codes"]) for one in answer["failed"]] == [(stranger, [400, 101]), ("0" * 32, [400, 101])]
    assert await server.refusal("pipelines.delete_runs", ids=runs[2:], project=place) == (400, 160)
    assert await server.refusal("pipelines.delete_runs", ids=runs[2:], project="0" * 32) == (400, 401)
    nothing = await server.call("pipelines.delete_runs", ids=[stranger], project=place)
    assert (nothing["succeeded"], len(nothing["failed"])) == ([], 1)
    assert (await get(server, runs[2]))["id"] == runs[2]
