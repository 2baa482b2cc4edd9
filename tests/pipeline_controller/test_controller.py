"""Pipelines on a real server; an agent in the test's process does the steps through the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.services.context import Store
from trackyard.core.testing.http import Api
from trackyard.core.testing.services import ServiceKit, running_service

FANS = [f"part{number}" for number in range(5)]


class Agent:
    """Does what waits in the queue: a step's artifact ``out`` is made of its parameter ``x``; ``fail`` names steps to fail."""

    def __init__(self, api: Api) -> None:
        """Nothing fails."""
        self.api = api
        self.ran: list[str] = []
        self.fail: list[str] = []
        self.hang: set[str] = set()

    async def round(self) -> None:
        """Do everything that waits."""
        queue = (await self.api.call("queues.get_all", name="^default$"))["queues"]
        while queue and (entry := (await self.api.call("queues.get_next_task", queue=queue[0]["id"])).get("entry")):
            await self._do(entry["task"])

    async def _do(self, task: str) -> None:
        found = (await self.api.call("tasks.get_by_id", task=task))["task"]
        self.ran.append(found["name"])
        await self.api.call("tasks.started", task=task)
        if found["name"] in self.hang:
            return
        if found["name"] in self.fail:
            self.fail.remove(found["name"])
            await self.api.call("tasks.failed", task=task)
            return
        value = found["hyperparams"]["Args"]["x"]["value"]
        artifact = {"key": "out", "type": "custom", "mode": "output", "uri": f"s3://results/{found['name']}({value})"}
        await self.api.call("tasks.add_or_update_artifacts", task=task, artifacts=[artifact], force=True)
        await self.api.call("tasks.completed", task=task)


@pytest.fixture
async def kit(tmp_path: Path) -> Any:
    """A server; the service that runs on it does nothing here."""
    async with running_service(tmp_path, None, "cleanup") as kit:
        yield kit


async def base_task(kit: ServiceKit) -> str:
    """A task to clone."""
    args = {"x": {"section": "Args", "name": "x", "value": "0"}}
    project = (await kit.api.call("projects.create", name="Vision"))["id"]
    made = await kit.api.call("tasks.create", name="base", type="training", project=project, hyperparams={"Args": args})
    return str(made["id"])


def fan_out(base: str, **more: Any) -> dict[str, Any]:
    """prepare, five parts, and a join."""
    parts = [
        {"name": name, "task": base, "parameters": {"Args/x": f"${{prepare.artifacts.out.url}}{name[-1]}"}, **more}
        for name in FANS
    ]
    joined = " ".join(f"${{{name}.artifacts.out.url}}" for name in FANS)
    prepare = {"name": "prepare", "task": "Vision/base", "parameters": {"Args/x": "${pipeline.seed}"}, **more}
    steps = [prepare, *parts, {"name": "join", "task": base, "parameters": {"Args/x": joined}, **more}]
    return {"name": "nightly", "project": "Vision", "version": "1.2.0", "parameters": {"seed": 1}, "steps": steps}


async def begin(kit: ServiceKit, definition: dict[str, Any], **settings: Any) -> ServiceKit:
    """A pipeline on the kit's server."""
    return await kit.another("pipeline", {"definition": json.dumps(definition), **settings})


async def until_ended(made: ServiceKit, agent: Agent) -> None:
    """Looks of the controller and work of the agent in turn."""
    for _ in range(60):
        await made.advance(5)
        if made.ended:
            return
        await agent.round()
    raise AssertionError(await made.log())


def states(made: ServiceKit) -> dict[str, str]:
    """How the steps stand."""
    return {key[5:]: made.state(key)["state"] for key in made.instance.context.store.keys("step ")}


async def children(made: ServiceKit) -> list[dict[str, Any]]:
    """The tasks of a run's steps."""
    fields = ["id", "name", "comment", "project", "tags", "execution.artifacts", "status"]
    found = await made.api.call("tasks.get_all", parent=made.task, only_fields=fields, search_hidden=True)
    return list(found["tasks"])


EXPECTED = "s3://results/join(" + " ".join(f"s3://results/part{n}(s3://results/prepare(7){n})" for n in range(5)) + ")"


async def test_fan_out_with_a_retry_and_a_cache(kit: ServiceKit) -> None:
    agent = Agent(kit.api)
    agent.fail = ["part3"]
    definition = fan_out(await base_task(kit), retries=1, cache=True)
    made = await begin(kit, definition, parameters={"seed": "7"})
    await until_ended(made, agent)
    assert sorted(agent.ran) == sorted(["prepare", *FANS, "part3", "join"])
    assert set(states(made).values()) == {"completed"}
    found = await children(made)
    join = next(task for task in found if task["name"] == "join")
    assert join["execution"]["artifacts"][0]["uri"] == EXPECTED
    assert join["tags"] == [f"pipe: {made.task}"]
    await _is_shown_as_the_sdk_does(made, join)
    second = await begin(kit, definition, parameters={"seed": "7"})
    await until_ended(second, agent)
    assert set(states(second).values()) == {"cached"}
    assert await children(second) == []
    assert second.state("step join")["task"] == join["id"]
    third = await begin(kit, definition, parameters={"seed": "8"})
    await until_ended(third, agent)
    assert set(states(third).values()) == {"completed"}


async def _is_shown_as_the_sdk_does(made: ServiceKit, join: dict[str, Any]) -> None:
    document = await made.document()
    assert (document["type"], document["system_tags"], document["name"]) == ("controller", ["pipeline"], "nightly")
    assert document["runtime"]["version"] == "1.2.0"
    assert document["hyperparams"]["Args"]["seed"]["value"] == "7"
    assert document["project"] == join["project"]
    project = (await made.api.call("projects.get_by_id", project=document["project"]))["project"]
    assert (project["name"], sorted(project["system_tags"])) == ("Vision/.pipelines/nightly", ["hidden", "pipeline"])
    nodes = json.loads(document["configuration"]["Pipeline"]["value"])
    assert nodes["join"]["executed"] == nodes["join"]["job_id"] == join["id"]
    assert nodes["join"]["parents"] == FANS
    controller = pytest.importorskip("clearml.automation.controller")
    assert controller.PipelineController.Node(name="join", **{k: v for k, v in nodes["join"].items() if k != "job_id"})
    plots = (await made.api.call("events.get_task_plots", task=made.task, iters=1))["plots"]
    assert sorted(plot["metric"] for plot in plots) == ["Pipeline", "Pipeline Details"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_kill_at_any_call_starts_no_step_twice_and_loses_none(
    kit: ServiceKit, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """The host dies just before or after each call that the controller makes, one death a life."""
    base, call = await base_task(kit), ApiClient.call
    definition = {
        "name": "short",
        "steps": [
            {"name": "a", "task": base, "parameters": {"Args/x": "1"}},
            {"name": "b", "task": base, "parameters": {"Args/x": "${a.artifacts.out.url}"}},
        ],
    }
    made, agent, deaths = await begin(kit, definition), Agent(kit.api), 0
    for _ in range(200):
        left = [1 + deaths % 7]  # the call of this life at which the host dies

        async def dying(self: ApiClient, name: str, body: dict[str, Any] | None = None, left: list[int] = left) -> dict[str, Any]:
            left[0] -= 1
            if left[0]:
                return await call(self, name, body)
            if after:
                await call(self, name, body)
            raise CallFailed(name, 500, 0, "the host dies")

        with monkeypatch.context() as patched:
            patched.setattr(ApiClient, "call", dying)
            made.time = max(made.time, await made.step() or made.time)
        if made.ended:
            break
        await agent.round()
        if left[0] <= 0:
            deaths += 1
            await made.kill()
            await made.open()
    assert states(made) == {"a": "completed", "b": "completed"}, await made.log()
    assert sorted(agent.ran) == ["step a", "step b"]
    assert sorted(task["name"] for task in await children(made)) == ["step a", "step b"]
    assert deaths >= 3


@pytest.mark.parametrize("after", [False, True])
async def test_every_write_of_the_store_may_be_the_last(kit: ServiceKit, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    """The host dies before or after each write of the store, which are the boundaries of steps."""
    base, put = await base_task(kit), Store.put_many
    made, agent = await begin(kit, fan_out(base, retries=1)), Agent(kit.api)
    agent.fail = ["part1"]
    for round_ in range(400):
        dead = [False]

        async def dying(self: Store, values: Any, dead: list[bool] = dead) -> None:
            key = next(iter(values))
            if key.startswith("@") or dead[0]:
                return await put(self, values)
            dead[0] = True
            if after:
                await put(self, values)
            raise CallFailed("services.save", 500, 0, "the host dies")

        with monkeypatch.context() as patched:
            if round_ % 2:
                patched.setattr(Store, "put_many", dying)
            made.time = max(made.time, await made.step() or made.time)
        if made.ended:
            break
        await agent.round()
        if dead[0]:
            await made.kill()
            await made.open()
    assert set(states(made).values()) == {"completed"}, await made.log()
    assert sorted(agent.ran) == sorted(["prepare", *FANS, "part1", "join"])
    assert len(await children(made)) == 8


async def test_conditions_timeouts_and_failures(kit: ServiceKit) -> None:
    base, agent = await base_task(kit), Agent(kit.api)
    agent.hang, agent.fail = {"slow"}, ["soft"]
    steps = [
        {"name": "slow", "task": base, "timeout": 60},
        {"name": "after_slow", "task": base, "parents": ["slow"]},
        {"name": "soft", "task": base, "continue_on_fail": True},
        {"name": "after_soft", "task": base, "parents": ["soft"]},
        {"name": "yes", "task": base, "when": "${pipeline.n} > 9"},
        {"name": "no", "task": base, "when": "${pipeline.n} > 99"},
        {"name": "after_no", "task": base, "parents": ["no"]},
        {"name": "both", "task": base, "parents": ["no", "yes"]},
        {"name": "lost", "task": base, "parameters": {"Args/x": "${yes.artifacts.other.url}"}},
        {"name": "nowhere", "task": base, "parameters": {"Args/x": "${no.id}"}},
    ]
    made = await begin(kit, {"name": "many", "parameters": {"n": 10}, "steps": steps})
    await until_ended(made, agent)
    found = {name: made.state(f"step {name}") for name in states(made)}
    assert states(made) == {
        **{"slow": "failed", "after_slow": "skipped", "soft": "failed", "after_soft": "completed", "yes": "completed"},
        **{"no": "skipped", "after_no": "skipped", "both": "completed", "lost": "failed", "nowhere": "skipped"},
    }
    assert found["slow"]["reason"] == "timed out"
    assert "has no such value" in found["lost"]["reason"]
    assert made.instance.context.failed
    assert made.instance.context.finished == "3 steps were completed, 0 cached, 4 skipped; failed: lost, slow"


async def test_a_run_goes_on_from_failure(kit: ServiceKit) -> None:
    """By a new run with ``resume``; steps that were completed are not done again."""
    agent = Agent(kit.api)
    agent.fail = ["part2"]
    made = await begin(kit, fan_out(await base_task(kit)))
    await until_ended(made, agent)
    assert made.instance.context.failed
    assert states(made)["join"] == "skipped"
    before = list(agent.ran)
    again = await kit.another("pipeline", {"task": made.task, "resume": True})
    await until_ended(again, agent)
    assert agent.ran[len(before) :] == ["part2", "join"]
    assert not again.instance.context.failed
    assert states(again)["part0"] == "cached"


async def test_the_same_task_started_again_goes_on(kit: ServiceKit) -> None:
    agent = Agent(kit.api)
    agent.fail = ["part2"]
    made = await begin(kit, fan_out(await base_task(kit)))
    await until_ended(made, agent)
    await made.kill()
    await made.open()  # a crash between the end of the run and the end of its task changes nothing
    await made.advance(5)
    assert made.ended
    before = list(agent.ran)
    await made.close()
    await kit.api.call("tasks.failed", task=made.task)
    await kit.api.call("services.start", task=made.task)
    await kit.api.call("tasks.started", task=made.task)
    await made.open()
    await until_ended(made, agent)
    assert agent.ran[len(before) :] == ["part2", "join"]
    assert set(states(made).values()) == {"completed"}


async def test_a_pipeline_task_of_the_sdk_is_run(kit: ServiceKit) -> None:
    base, agent = await base_task(kit), Agent(kit.api)
    node = {"base_task_id": base, "parents": [], "parameters": {"Args/x": "${pipeline.p}"}, "clone_task": True, "executed": None}
    second = {**node, "parents": ["one"], "parameters": {"Args/x": "${one.artifacts.out.url}"}}
    text = json.dumps({"one": node, "two": second})
    configuration = {"Pipeline": {"name": "Pipeline", "type": "dictionary", "value": text}}
    args = {"p": {"section": "Args", "name": "p", "value": "5"}}
    body = {"name": "drawn", "type": "controller", "configuration": configuration, "hyperparams": {"Args": args}}
    source = (await kit.api.call("tasks.create", **body))["id"]
    made = await kit.another("pipeline", {"task": source})
    await until_ended(made, agent)
    assert agent.ran == ["one", "two"]
    two = next(task for task in await children(made) if task["name"] == "two")
    assert two["execution"]["artifacts"][0]["uri"] == "s3://results/two(s3://results/one(5))"


async def test_wrong_settings_name_the_field(kit: ServiceKit) -> None:
    for settings, told in (
        ({}, "definition: found nothing"),
        ({"definition": "name: n"}, "missing required field `steps`"),
        ({"definition": "{name: n, steps: [{name: a, task: t, parents: [z]}]}"}, "steps.a.parents"),
        ({"definition": "{name: n, steps: [{name: a, task: t}]}", "resume": "true"}, "task: found nothing"),
    ):
        answer = await kit.api.ask("services.start", {"name": "pipeline", "settings": settings})
        assert answer.codes == (400, 12)
        assert told in answer.meta["result_msg"]
    with pytest.raises(Exception, match=r"steps\.a\.task: found 't'"):
        await begin(kit, {"name": "n", "steps": [{"name": "a", "task": "t"}]})
