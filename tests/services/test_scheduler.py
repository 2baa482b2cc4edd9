"""The scheduler clones on time and when something happens, and makes no clone twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.testing.services import ServiceKit, running_service


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[ServiceKit]:
    """A scheduler without a task to clone yet: it does nothing."""
    async with running_service(tmp_path, None, "cleanup") as kit:
        yield kit


async def scheduler(kit: ServiceKit, **settings: Any) -> tuple[ServiceKit, str]:
    """A scheduler on the same server, opened, and the task that it clones."""
    hyperparams = {"Args": {"lr": {"section": "Args", "name": "lr", "value": "0.1"}}}
    source = (await kit.api.call("tasks.create", name="nightly", type="training", hyperparams=hyperparams))["id"]
    return await kit.another("scheduler", {"task": source, "queue": "gpu", **settings}), source


async def clones(kit: ServiceKit, source: str) -> list[dict[str, Any]]:
    """What was made of a task."""
    query = {"parent": source, "only_fields": ["name", "status", "hyperparams"], "order_by": ["created"]}
    found: list[dict[str, Any]] = (await kit.api.call("tasks.get_all", query))["tasks"]
    return found


async def test_by_time_with_other_parameters(kit: ServiceKit) -> None:
    made, source = await scheduler(kit, minutes=60, parameters={"Args/lr": "0.5"})
    await made.advance(2.5 * 3600)
    found = await clones(kit, source)
    assert [(task["status"], task["hyperparams"]["Args"]["lr"]["value"]) for task in found] == [("queued", "0.5")] * 3
    queue = (await kit.api.call("queues.get_all", name="gpu"))["queues"][0]
    assert len(queue["entries"]) == 3


async def test_when_a_task_ends_its_id_is_a_parameter(kit: ServiceKit) -> None:
    made, source = await scheduler(kit, trigger="task", parameters={"Args/of": "{id}"})
    await made.step()
    other = (await kit.api.call("tasks.create", name="training", type="training"))["id"]
    await kit.api.call("tasks.started", task=other)
    await kit.api.call("tasks.completed", task=other)
    await made.advance(30)
    assert [task["hyperparams"]["Args"]["of"]["value"] for task in await clones(kit, source)] == [other]


@pytest.mark.parametrize("endpoint", ["tasks.clone", "tasks.edit_hyper_params", "tasks.enqueue"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_makes_no_clone_twice(kit: ServiceKit, monkeypatch: pytest.MonkeyPatch, endpoint: str, after: bool) -> None:
    """The host dies just before, or just after, each of its calls."""
    made, source = await scheduler(kit, minutes=60, parameters={"Args/lr": "0.5"})
    call = ApiClient.call

    async def dying(self: ApiClient, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if name != endpoint:
            return await call(self, name, body)
        if after:
            await call(self, name, body)
        raise CallFailed(name, 500, 0, "the host dies")

    with monkeypatch.context() as patched:
        patched.setattr(ApiClient, "call", dying)
        await made.step()
    await made.kill()
    made.time += timedelta(minutes=5)
    await made.open()
    await made.step()
    found = await clones(kit, source)
    assert [(task["status"], task["hyperparams"]["Args"]["lr"]["value"]) for task in found] == [("queued", "0.5")]
    assert made.state("clones") == 1
    assert not made.instance.context.store.keys("clone ")


async def test_it_says_what_is_missing(kit: ServiceKit) -> None:
    answer = await kit.api.ask("services.start", {"name": "scheduler", "settings": {}})
    assert "expected the id of the task" in answer.meta["result_msg"]
    answer = await kit.api.ask("services.start", {"name": "scheduler", "settings": {"task": "x", "parameters": {"lr": "1"}}})
    assert "expected section/name" in answer.meta["result_msg"]
