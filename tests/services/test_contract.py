"""The contract of services: settings, triggers, state, retries, the lease, scope, and the task that each is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.client import CallFailed
from trackyard.core.services import LostLease
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.services import ServiceKit, running_service

from tests.services.samples import Counting, Listening, ServiceSample, Single


@pytest.fixture(autouse=True)
def calm() -> None:
    """No failures are ordered."""
    Counting.fail = Listening.fail = Single.fail = 0
    Counting.ended.clear()


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[ServiceKit]:
    """The service that counts every minute."""
    async with running_service(tmp_path, ServiceSample, "counting", config='[counting]\ntoken = "from the file"\n') as kit:
        yield kit


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until the condition holds; gives its value."""
    async with asyncio.timeout(90):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
    return value


async def test_a_service_is_a_task_with_its_settings_log_and_metrics(counting: ServiceKit) -> None:
    await counting.advance(150)
    task = await counting.document()
    assert (task["type"], task["status"], task["name"]) == ("service", "in_progress", "Counting")
    settings = {name: item["value"] for name, item in task["hyperparams"]["Settings"].items()}
    assert settings == {"pause": "60.0", "unit": "tasks", "loud": "false", "names": "[]", "limit": ""}
    assert (await counting.log()).splitlines() == [f"count {n}: 1 tasks, token from the file" for n in (1, 2, 3)]
    curves = (await counting.api.call("events.scalar_metrics_iter_histogram", task=counting.task))["count"]
    assert curves["tasks"]["y"] == [1, 1, 1]
    plots = (await counting.api.call("events.get_task_plots", task=counting.task, iters=10))["plots"]
    assert len(plots) == 3


async def test_the_state_survives_a_kill_and_a_missed_run_is_made_up_once(counting: ServiceKit) -> None:
    await counting.advance(0)
    await counting.kill()
    counting.time += timedelta(minutes=30)
    await counting.open()
    await counting.advance(59)
    assert counting.state("runs") == 2
    assert counting.instance.context.fence == 2


async def test_only_the_holder_of_the_lease_writes(counting: ServiceKit) -> None:
    await counting.advance(0)
    first = counting.instance
    with pytest.raises(LostLease):
        await counting.open()
    await counting.kill()
    await counting.open()
    with pytest.raises(LostLease):
        await first.context.store.put("runs", 100)
    assert counting.state("runs") == 1


async def test_a_failed_run_is_told_and_tried_again_later_each_time(counting: ServiceKit) -> None:
    Counting.fail = 2
    await counting.advance(9)
    assert counting.instance.status.error == "count: RuntimeError: no luck"
    assert counting.instance.status.failures == 1
    shown = (await counting.api.call("services.get_all"))["services"]
    task = next(item for item in shown if item["name"] == "counting")["tasks"][0]
    assert (task["state"], task["error"], task["hosted"]) == ("failing", "count: RuntimeError: no luck", True)
    await counting.advance(1)
    assert counting.instance.status.failures == 2
    await counting.advance(20)
    assert counting.state("runs") == 1
    assert counting.instance.status.error == ""
    log = await counting.log()
    assert "failure 2; again in 20 s" in log
    assert "Traceback" in log


async def test_an_access_key_calls_only_what_the_service_declares(counting: ServiceKit) -> None:
    context = counting.instance.context
    assert await context.call("tasks.get_all", search_hidden=True)
    with pytest.raises(CallFailed, match="may not call"):
        await context.call("projects.get_all")
    with pytest.raises(CallFailed, match="may not call"):
        await context.call("auth.create_credentials")
    key = context.client
    await counting.close()
    async with key:
        with pytest.raises(CallFailed) as refused:
            await key.call("tasks.get_all")
        assert refused.value.code == 401
    await counting.open()


async def test_settings_are_checked_and_taken_up(counting: ServiceKit) -> None:
    api = counting.api
    for settings, told in (
        ({"pause": "soon"}, "settings.pause"),
        ({"pause": 0}, "settings.pause"),
        ({"unit": "users"}, "settings.unit"),
        ({"token": "mine"}, "settings.token"),
        ({"names": ["bad"]}, "bad is not a name"),
    ):
        answer = await api.ask("services.start", {"name": "counting", "settings": settings})
        assert answer.codes == (400, 12)
        assert told in answer.meta["result_msg"]
    await counting.advance(0)
    await api.call("services.configure", task=counting.task, settings={"unit": "queues", "pause": "30"})
    await counting.advance(60)
    assert (await counting.log()).splitlines()[-1].endswith("queues, token from the file")
    assert counting.state("runs") == 3


async def test_who_may_not_start_it_can_not_change_it_while_it_runs(counting: ServiceKit) -> None:
    made = (await counting.api.call("auth.create_credentials", role="user"))["credentials"]
    other = counting.api.as_user(made["access_key"], made["secret_key"])
    await counting.advance(0)
    assert (await other.ask("services.configure", {"task": counting.task, "settings": {"pause": 1}})).codes == (403, 20)
    edited = [{"section": "Settings", "name": "pause", "value": "1"}]
    await other.ask("tasks.edit_hyper_params", {"task": counting.task, "hyperparams": edited, "force": True})
    await counting.advance(59)
    assert counting.state("runs") == 1


async def test_a_cron_makes_up_for_one_missed_run_or_for_none(tmp_path: Path) -> None:
    async with running_service(tmp_path, ServiceSample, "nightly") as kit:
        kit.time = kit.time.replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=1)
        await kit.close()
        await kit.open()
        await kit.advance(3 * 3600)
        first = kit.time.replace(hour=3)
        assert sorted((await kit.log()).splitlines()) == [f"late {first.isoformat()}", f"never late {first.isoformat()}"]
        await kit.close()
        kit.time += timedelta(days=3)
        await kit.open()
        await kit.step()
        assert sorted((await kit.log()).splitlines())[1:] == [f"late {kit.time.isoformat()}", f"never late {first.isoformat()}"]


async def test_what_happens_is_heard_of_once_also_after_a_restart(tmp_path: Path) -> None:
    async with running_service(tmp_path, ServiceSample, "listening") as kit:
        api = kit.api
        await kit.step()

        async def task(name: str, end: str, **fields: Any) -> str:
            made = str((await api.call("tasks.create", {"name": name, "type": "training", **fields}))["id"])
            await api.call("tasks.started", task=made)
            await api.call(f"tasks.{end}", task=made)
            return made

        await task("one", "failed")
        await task("data", "completed", system_tags=["dataset"])
        model = (await api.call("models.create", name="a model", uri="file:///x", ready=False))["id"]
        await kit.advance(10)
        await kit.kill()
        await task("two", "failed")
        await api.call("models.set_ready", model=model)
        await kit.open()
        Listening.fail = 1
        await kit.advance(60)
        heard = [line for line in (await kit.log()).splitlines() if line.startswith("heard")]
        assert sorted(heard) == [
            "heard: dataset data",
            "heard: model a model",
            "heard: task one failed",
            "heard: task two failed",
        ]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A server that runs services by itself."""
    async with serving_kernel(tmp_path, plugins=[ServiceSample]) as api:
        yield api


async def document(api: Api, task: str) -> dict[str, Any]:
    """The task."""
    found: dict[str, Any] = (await api.call("tasks.get_by_id", task=task))["task"]
    return found


async def until_status(api: Api, task: str, status: str) -> dict[str, Any]:
    """Wait for a status."""

    async def reached() -> dict[str, Any] | None:
        found = await document(api, task)
        return found if found["status"] == status else None

    found: dict[str, Any] = await until(reached)
    return found


async def test_hook_services(api: Api) -> None:
    """A registered service is started by name and runs in the server to its end; its clone with other settings, too."""
    task = (await api.call("services.start", name="counting", settings={"limit": 1}))["task"]
    found = await until_status(api, task, "completed")
    assert found["status_message"] == "counted enough"
    clone = (await api.call("tasks.clone", task=task))["id"]
    edited = [{"section": "Settings", "name": "unit", "value": "queues"}]
    await api.call("tasks.edit_hyper_params", task=clone, hyperparams=edited)
    await api.call("tasks.enqueue", task=clone, queue_name="services")
    await until_status(api, clone, "completed")
    log = (await api.call("events.get_task_log", task=clone))["events"]
    assert [event["msg"].partition(":")[0] for event in log] == ["count 1"]
    assert log[0]["msg"].endswith("queues, token unset")


async def test_a_stop_ends_it_well(api: Api) -> None:
    task = (await api.call("services.start", name="counting"))["task"]

    async def ran() -> bool:
        shown = (await api.call("services.get_all"))["services"]
        return any(item["runs"] and item["state"] == "idle" for known in shown for item in known["tasks"])

    await until(ran)
    await api.call("services.stop", task=task)
    found = await until_status(api, task, "stopped")
    assert found["status_message"] == "Stopped by the user"
    assert Counting.ended == [task]
    await api.call("services.start", task=task)
    await until_status(api, task, "in_progress")


async def test_one_that_fails_does_not_hurt_another(api: Api) -> None:
    broken = (await api.call("services.start", name="single"))["task"]
    await until_status(api, broken, "completed")
    assert (await api.ask("services.start", {"name": "no-such"})).codes == (400, 16)


async def test_once_is_given_up_after_some_attempts(tmp_path: Path) -> None:
    Single.fail = 4
    async with running_service(tmp_path, ServiceSample, "single") as kit:
        await kit.advance(1000)
        assert "done once" in await kit.log()
        assert kit.instance.context.finished == "nothing more to do"


async def test_who_may_start_it(api: Api) -> None:
    made = (await api.call("auth.create_credentials", role="user"))["credentials"]
    other = api.as_user(made["access_key"], made["secret_key"])
    assert (await other.ask("services.start", {"name": "counting"})).codes == (403, 20)
    task = (await api.call("services.start", name="counting", settings={"limit": 1}))["task"]
    await until_status(api, task, "completed")
    clone = (await other.call("tasks.clone", task=task))["id"]
    assert (await other.ask("tasks.enqueue", {"task": clone, "queue_name": "services"})).codes == (403, 20)
    assert (await other.ask("services.stop", {"task": task})).codes == (403, 20)
    assert (await other.call("services.start", name="single"))["task"]
