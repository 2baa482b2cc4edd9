"""The optimizer against a real server, with trials that report through the API as an agent's would."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.testing.http import Api
from trackyard.core.testing.services import ServiceKit, running_service

SPACE = [
    {"name": "Args/x", "low": -1.0, "high": 1.0},
    {"name": "Args/lr", "low": 1e-4, "high": 1.0, "log": True},
]
LOSS = [{"metric": "loss", "variant": "test"}]


def bowl(values: dict[str, float], iteration: int) -> dict[str, float]:
    """A loss that comes down to its end within ten iterations."""
    bottom = (values["x"] - 0.3) ** 2 + (math.log10(values["lr"]) + 2) ** 2 / 4
    return {"test": bottom + 1.0 / (iteration + 1), "cost": abs(values["x"])}


class Trials:
    """Runs what waits in the queue, some iterations at a time."""

    def __init__(self, api: Api, iterations: int = 1, work: Callable[[dict[str, float], int], dict[str, float]] = bowl) -> None:
        """Each trial ends after ``iterations``."""
        self.api, self.iterations, self.work = api, iterations, work
        self.steps: dict[str, int] = {}
        self.total = 0

    async def round(self, iterations: int = 1) -> None:
        """Start what waits, and let every running trial do some iterations."""
        queue = (await self.api.call("queues.get_all", name="^gpu$"))["queues"]
        while queue and (entry := (await self.api.call("queues.get_next_task", queue=queue[0]["id"])).get("entry")):
            await self.api.call("tasks.started", task=entry["task"])
            self.steps[entry["task"]] = 0
        for task in list(self.steps):
            await self._work(task, iterations)

    async def _work(self, task: str, iterations: int) -> None:
        found = (await self.api.call("tasks.get_by_id", task=task))["task"]
        if found["status"] != "in_progress":
            del self.steps[task]
            return
        values = {name: float(item["value"]) for name, item in found["hyperparams"]["Args"].items()}
        for _ in range(min(iterations, self.iterations - self.steps[task])):
            self.steps[task] += 1
            self.total += 1
            point = {"type": "training_stats_scalar", "task": task, "metric": "loss", "iter": self.steps[task]}
            told = self.work(values, self.steps[task])
            await self.api.batch("events.add_batch", [{**point, "variant": name, "value": value} for name, value in told.items()])
        if self.steps[task] >= self.iterations:
            await self.api.call("tasks.completed", task=task)
            del self.steps[task]


async def begin(kit: ServiceKit, **settings: Any) -> ServiceKit:
    """An optimizer on the kit's server."""
    args = {name: {"section": "Args", "name": name, "value": "0"} for name in ("x", "lr")}
    task = (await kit.api.call("tasks.create", name="training", type="training", hyperparams={"Args": args}))["id"]
    return await kit.another("optimizer", {"task": task, "queue": "gpu", "space": SPACE, "objectives": LOSS, **settings})


async def until_ended(made: ServiceKit, trials: Trials, iterations: int = 1) -> None:
    """Steps of the optimizer and of its trials in turn, until the search ends."""
    for _ in range(400):
        await made.advance(5)
        if made.ended:
            return
        await trials.round(iterations)
    raise AssertionError(await made.log())


def kept(made: ServiceKit) -> list[dict[str, Any]]:
    """The trials in the store."""
    return [made.state(key) for key in made.instance.context.store.keys("trial ")]


@pytest.fixture
async def kit(tmp_path: Path) -> Any:
    """A server; the service that runs on it does nothing here."""
    async with running_service(tmp_path, None, "cleanup") as kit:
        yield kit


async def test_hook_search_strategies(kit: ServiceKit) -> None:
    """Strategies of plugins are found by name; another name is told with those that there are."""
    offers = kit.api.kernel.plugins.provided("search_strategies")
    assert {"grid", "random", "tpe", "cmaes", "asha", "hyperband"} <= {offer.name for offer in offers}
    with pytest.raises(Exception, match="expected one of asha, cmaes, grid"):
        await begin(kit, strategy="nonsense")


async def test_the_optimum_is_found_and_shown(kit: ServiceKit) -> None:
    made = await begin(kit, strategy="tpe", trials=30, parallel=2)
    trials = Trials(kit.api)
    await until_ended(made, trials)
    found = kept(made)
    assert [trial["state"] for trial in found] == ["completed"] * 30
    best = min(found, key=lambda trial: trial["objectives"][0])
    assert best["objectives"][0] - 0.5 < 0.1
    assert made.instance.context.finished == f"30 trials were made; best: trial {best['number']}"
    plots = (await kit.api.call("events.get_task_plots", task=made.task, iters=1))["plots"]
    assert sorted(plot["variant"] for plot in plots) == ["best trials", "history", "importance", "parallel coordinates"]
    document = await made.document(best["task"])
    assert document["parent"] == made.task
    assert float(document["hyperparams"]["Args"]["x"]["value"]) == best["values"]["Args/x"]


async def test_bad_trials_are_stopped_early(kit: ServiceKit) -> None:
    made = await begin(kit, strategy="asha", trials=18, parallel=3, first_rung=1, last_rung=9, reduction=3)
    trials = Trials(kit.api, iterations=9)
    await until_ended(made, trials)
    found = kept(made)
    states = [trial["state"] for trial in found]
    assert states.count("stopped") >= 6
    assert states.count("completed") >= 1
    assert trials.total < 0.7 * 18 * 9
    stopped = next(trial for trial in found if trial["state"] == "stopped")
    document = await made.document(stopped["task"])
    assert document["status"] == "stopped"
    assert document["last_iteration"] < 9
    first = {trial["number"]: dict(trial["rungs"])[1] for trial in found}
    assert found[min(first, key=lambda number: first[number]) - 1]["state"] == "completed"


@pytest.mark.parametrize("endpoint", ["tasks.clone", "tasks.edit_hyper_params", "tasks.enqueue", "tasks.stop"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_killed_search_goes_on_and_starts_no_trial_twice(
    kit: ServiceKit, monkeypatch: pytest.MonkeyPatch, endpoint: str, after: bool
) -> None:
    """The host dies just before or after a call; the search then is the same as one that was never cut off."""
    chosen = {"strategy": "asha", "trials": 6, "parallel": 2, "last_rung": 4, "reduction": 3, "seed": 1}
    whole = await begin(kit, **chosen)
    await until_ended(whole, Trials(kit.api, 4))
    made = await begin(kit, **chosen)
    trials = Trials(kit.api, 4)
    call, times = ApiClient.call, [0]

    async def dying(self: ApiClient, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if name != endpoint or times[0]:
            return await call(self, name, body)
        if after:
            await call(self, name, body)
        times[0] += 1
        raise CallFailed(name, 500, 0, "the host dies")

    with monkeypatch.context() as patched:
        patched.setattr(ApiClient, "call", dying)
        for _ in range(40):
            await made.step()
            if times[0]:
                break
            await trials.round()
            made.time = max(made.time, await made.step() or made.time)
    assert times[0] == 1, await made.log()
    await made.kill()
    await made.open()
    await until_ended(made, trials)
    assert [trial["values"] for trial in kept(made)] == [trial["values"] for trial in kept(whole)]
    clones = (await kit.api.call("tasks.get_all", parent=made.task, only_fields=["id", "comment"]))["tasks"]
    assert sorted(task["id"] for task in clones) == sorted(trial["task"] for trial in kept(made))
    assert len(clones) == 6


async def test_a_new_strategy_comes_to_know_what_the_last_one_knew(kit: ServiceKit) -> None:
    """Killed after every few steps, TPE makes the same suggestions as never killed."""
    found = []
    for kills in (False, True):
        made = await begin(kit, strategy="tpe", trials=14, parallel=2, seed=5)
        trials = Trials(kit.api)
        for _ in range(200):
            await made.advance(5)
            if made.ended:
                break
            await trials.round()
            if kills:
                await made.kill()
                await made.open()
        found.append([trial["values"] for trial in kept(made)])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ({"iterations": 12}, "12 iterations were made"),
        ({"hours": 0.01}, "0.01 hours are over"),
        ({"money": 0.000001, "price_per_hour": 1000.0}, "of money is spent"),
    ],
)
async def test_the_budget_ends_the_search_and_its_trials(kit: ServiceKit, budget: dict[str, Any], told: str) -> None:
    made = await begin(kit, strategy="random", trials=1000, parallel=2, **budget)
    trials = Trials(kit.api, iterations=1000)
    await until_ended(made, trials)
    assert told in (made.instance.context.finished or "")
    assert {trial["state"] for trial in kept(made)} == {"stopped"}
    assert len(kept(made)) == 2


async def test_several_objectives_have_a_front(kit: ServiceKit) -> None:
    both = [*LOSS, {"metric": "loss", "variant": "cost", "goal": "maximize"}]
    made = await begin(kit, strategy="tpe", trials=8, parallel=4, objectives=both)
    await until_ended(made, Trials(kit.api))
    assert all(len(trial["objectives"]) == 2 for trial in kept(made))
    assert "Best: trial" in await made.log()


async def test_failed_trials_end_a_search_that_can_not_work(kit: ServiceKit) -> None:
    made = await begin(kit, strategy="random", trials=100, parallel=5)
    trials = Trials(kit.api, work=lambda values, iteration: {"other": 1.0})
    await until_ended(made, trials)
    assert made.instance.context.finished == "the first 10 trials failed"


async def test_wrong_settings_are_told(kit: ServiceKit) -> None:
    for settings, told in (
        ({}, "task, space and objectives are needed"),
        ({"task": "t", "objectives": LOSS, "space": [{"name": "x"}]}, "expected section/name"),
        ({"task": "t", "objectives": LOSS, "space": [{"name": "A/x", "when": {"A/y": [1]}}]}, "does not come before"),
        ({"task": "t", "objectives": LOSS, "space": SPACE, "parallel": 0}, "settings.parallel"),
    ):
        answer = await kit.api.ask("services.start", {"name": "optimizer", "settings": settings})
        assert answer.codes == (400, 12)
        assert told in answer.meta["result_msg"]
