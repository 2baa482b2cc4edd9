"""Searching logs, figures of space, and retention."""

import time
from typing import Any

import pytest
from trackyard.plugins.events.keeping import EventsSettings, forget_old

from tests.events.server import TIME, Server, log, plot, scalar

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def project(server: Server, name: str) -> str:
    return str((await server.call("projects.create", name=name, description=""))["id"])


async def task_of(server: Server, project_id: str, name: str) -> str:
    return str((await server.call("tasks.create", name=name, type="training", project=project_id))["id"])


async def test_lines_of_a_project_are_found_with_their_context(server: Server) -> None:
    parent, child = await project(server, "searched"), await project(server, "searched/below")
    old, new = await task_of(server, parent, "old run"), await task_of(server, child, "new run")
    other = await server.task()
    for task in (old, new, other):
        await server.add([log(task, f"step {i}\nFailed at {i}\nretry", TIME + i) for i in range(3)])
    found: list[tuple[str, str, list[str], list[str]]] = []
    scroll = None
    while True:
        page = await server.call(
            "events.search_logs", projects=[parent], text="failed AT", context=1, batch_size=2, scroll_id=scroll
        )
        found += [(hit["task_name"], hit["line"], hit["before"], hit["after"]) for hit in page["hits"]]
        scroll = page["scroll_id"]
        if scroll is None:
            break
    expected = [(name, f"Failed at {i}", [f"step {i}"], ["retry"]) for name in ("new run", "old run") for i in range(3)]
    assert found == expected
    exact = await server.call("events.search_logs", tasks=[old], text="failed AT", match_case=True)
    assert exact == {"hits": [], "returned": 0, "scroll_id": None}
    assert await server.refusal("events.search_logs", text="x") == (400, 12)
    assert await server.refusal("events.search_logs", text="", tasks=[old]) == (400, 12)


async def test_space_by_project_and_task(server: Server) -> None:
    place = await project(server, "costly")
    tasks = [await task_of(server, place, f"run {index}") for index in range(2)]
    await server.add(
        [plot(tasks[0], "roc", "x", 1), *(scalar(task, "loss", "train", i, 1.0) for task in tasks for i in range(5))]
    )
    found = await server.call("events.get_space", projects=[place])
    assert [(item["id"], item["name"], item["events"]) for item in found["projects"]] == [(place, "costly", 11)]
    by_task = await server.call("events.get_space", projects=[place], by="task")
    assert [item["id"] for item in by_task["tasks"]] == tasks
    assert by_task["tasks"][0]["types"]["plot"]["events"] == 1
    assert by_task["tasks"][0]["project"] == {"id": place, "name": "costly"}
    assert by_task["bytes"] == found["projects"][0]["bytes"] > 0


async def test_old_events_are_deleted_as_the_settings_say(server: Server) -> None:
    kept, short = await project(server, "kept"), await project(server, "short/lived")
    tasks = {name: await task_of(server, place, "run") for name, place in (("kept", kept), ("short", short))}
    published = await task_of(server, short, "published")
    now = int(time.time() * 1000)
    for task in (*tasks.values(), published):
        await server.add([log(task, "old", now - 40 * 86_400_000), log(task, "new", now), scalar(task, "loss", "train", 1, 1.0)])
    for change in ("started", "completed", "publish"):
        await server.call(f"tasks.{change}", task=published)

    async def counts() -> dict[str, Any]:
        everything = {**tasks, "published": published}
        return {name: (await server.call("events.get_task_log", task=task))["total"] for name, task in everything.items()}

    assert await forget_old(server.api.kernel, EventsSettings()) == 0
    settings = EventsSettings(retention_types=["log"], retention_projects={"short": 30, "kept": 0})
    assert await forget_old(server.api.kernel, settings) == 1
    assert await counts() == {"kept": 2, "short": 1, "published": 2}


async def test_the_page_of_space(server: Server) -> None:
    place = await project(server, "shown <b>here</b>")
    await server.add([log(await task_of(server, place, "run"), "line " * 50, TIME)])
    token = (await server.call("auth.login"))["token"]
    headers = {"Cookie": f"clearml_token_basic={token}", "Sec-Fetch-Site": "same-origin"}
    async with server.api.session.get(server.api.urls["web"] + "/settings/space", headers=headers) as answer:
        text = await answer.text()
        assert answer.status == 200, text
    assert "shown &lt;b&gt;here&lt;/b&gt;" in text
    assert f"/projects/{place}/overview" in text
    assert "kept for ever" in text
