"""The service ``optimizer``: asks a strategy, launches trials, stops bad ones early, keeps everything in its store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from trackyard.core import clock
from trackyard.core.client import CallFailed
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.lifecycle.stopping import STOPPING
from trackyard.core.plugin import Plugin
from trackyard.core.search import Search, Strategy, StrategyOffer
from trackyard.core.services import Context, Interval, Service, ServiceOffer, Trigger
from trackyard.core.services.clones import CALLS, launch_clone
from trackyard.plugins.optimizer import optuna_strategies, strategies
from trackyard.plugins.optimizer.reporting import report
from trackyard.plugins.optimizer.settings import OptimizerSettings
from trackyard.plugins.optimizer.trials import (
    OVER,
    RUNNING,
    Trial,
    best_of,
    key_of,
    objectives_of,
    parameter,
    seconds_of,
)

FIELDS = ["id", "status", "status_message", "last_metrics", "last_iteration", "started", "completed"]
FAILURES = 10
"""After so many failed trials without a good one the search is given up."""


class Optimizer(Service):
    """One step looks at the running trials and launches new ones. After a crash the next step goes on.

    The store has each trial, and in ``order`` what the strategy was asked and told (``n``: trial n was asked for, ``-n``: its end
    was told), so that a new strategy object comes to know the same.
    """

    name = "optimizer"
    title = "Optimizer"
    summary = "Searches hyperparameters: grid, random, TPE, CMA-ES, ASHA, Hyperband"
    settings_type = OptimizerSettings
    settings: OptimizerSettings
    permission = USER
    calls = (*CALLS, "tasks.stop")
    task_type = "optimizer"

    def __init__(self, settings: OptimizerSettings) -> None:
        super().__init__(settings)
        self.search: Search = settings.search()
        self.trials: dict[int, Trial] = {}
        self._order: list[int] = []
        self._strategy: Strategy
        self._exhausted = False

    def triggers(self) -> Sequence[Trigger]:
        """A step every few seconds."""
        return [Interval(self.settings.poll_seconds, self.step)]

    async def start(self, context: Context) -> None:
        """Read the trials and bring a new strategy to where the last one was."""
        offers: list[StrategyOffer] = context.provided("search_strategies")
        offer = next((one for one in offers if one.name == self.settings.strategy), None)
        if offer is None:
            known = ", ".join(sorted(one.name for one in offers))
            raise ValueError(f"strategy: found {self.settings.strategy!r}; expected one of {known}")
        kept = [msgspec.convert(context.store.get(key), Trial) for key in context.store.keys("trial ")]
        self.trials = {trial.number: trial for trial in kept}
        self._order = list(context.store.get("order", []))
        # making a strategy may import a large package, and asking again takes a while
        self._strategy = await asyncio.to_thread(self._repeat, offer)
        if context.store.get("began") is None:
            await context.store.put("began", clock.iso(context.now()))

    def _repeat(self, offer: StrategyOffer) -> Strategy:
        strategy = offer.make(self.search)
        for entry in self._order:
            trial = self.trials[abs(entry)]
            if entry > 0:
                strategy.ask(trial.number)
                continue
            for rung, objective in trial.rungs:
                strategy.stops(trial.number, rung, objective)
            strategy.tell(trial.number, trial.objectives)
        for trial in self._active():
            for rung, objective in trial.rungs:
                strategy.stops(trial.number, rung, objective)
        return strategy

    def _active(self) -> list[Trial]:
        return [trial for trial in self.trials.values() if trial.state in RUNNING]

    async def step(self, context: Context) -> None:
        """Finish what was begun, look at the trials, launch new ones; end the search when its budget is used up."""
        for trial in [trial for trial in self._active() if trial.state == "planned"]:
            await self._launch(context, trial)
        changed = await self._look(context)
        over = self._budget(context)
        if over and over[1]:
            await self._stop_all(context, over[0])
        while not over and not self._exhausted and len(self._active()) < self.settings.parallel:
            changed = await self._next(context) or changed
            over = self._budget(context)
        if changed:
            report(context, self.settings, list(self.trials.values()))
        self._finish(context, over[0] if over else "the strategy has nothing more to try" if self._exhausted else "")

    async def _look(self, context: Context) -> bool:
        """Take up what the running trials' tasks tell; whether a trial ended."""
        active = {trial.task: trial for trial in self._active()}
        if not active:
            return False
        query = {"id": list(active), "only_fields": FIELDS, "search_hidden": True}
        found = {task["id"]: task for task in (await context.call("tasks.get_all", **query))["tasks"]}
        ended = [await self._look_at(context, trial, found.get(task)) for task, trial in active.items()]
        return any(ended)

    async def _look_at(self, context: Context, trial: Trial, task: dict[str, Any] | None) -> bool:
        objectives = objectives_of(task, self.settings.objectives) if task else None
        before = (trial.iterations, trial.state)
        if task is not None:
            trial.iterations = task.get("last_iteration") or 0
            trial.seconds = seconds_of(task, context.now())
        if task is None or task["status"] in OVER:
            await self._ended(context, trial, task, objectives)
            return True
        if trial.state == "stopping" and STOPPING not in (task.get("status_message") or ""):
            await self._stop(context, trial, "is asked to stop again")  # a crash came between the intent and the call
        await self._judge(context, trial, objectives)
        if (trial.iterations, trial.state) != before:
            await self._keep(context, trial)
        return False

    async def _ended(self, context: Context, trial: Trial, task: dict[str, Any] | None, objectives: list[float] | None) -> None:
        status = task["status"] if task else "deleted"
        trial.objectives = objectives if status != "failed" else None
        was_stopped = trial.state == "stopping" or status == "stopped"
        trial.state = "failed" if trial.objectives is None else "stopped" if was_stopped else "completed"
        self._order.append(-trial.number)
        await self._keep(context, trial)
        await asyncio.to_thread(self._strategy.tell, trial.number, trial.objectives)
        told = "no value" if trial.objectives is None else ", ".join(f"{value:.6g}" for value in trial.objectives)
        context.log.info(f"trial {trial.number} {trial.state}: {told} (task {status}, {trial.iterations} iterations)")

    async def _judge(self, context: Context, trial: Trial, objectives: list[float] | None) -> None:
        """Stop a running trial that the strategy thinks bad, or that has had its iterations."""
        if trial.state != "running":
            return
        rung = self._strategy.rung(trial.number, trial.iterations)
        if rung is not None and objectives and rung not in [reached for reached, _ in trial.rungs]:
            trial.rungs = [*trial.rungs, (rung, objectives[0])]
            if self._strategy.stops(trial.number, rung, objectives[0]):
                await self._stop(context, trial, f"stopped early at iteration {trial.iterations}")
                return
        if self.settings.trial_iterations and trial.iterations >= self.settings.trial_iterations:
            await context.call("tasks.stop", task=trial.task)

    async def _stop(self, context: Context, trial: Trial, why: str) -> None:
        trial.state = "stopping"
        await self._keep(context, trial)
        context.log.info(f"trial {trial.number} {why}")
        try:
            await context.call("tasks.stop", task=trial.task, status_reason=why)
        except CallFailed as error:
            context.log.warning(f"trial {trial.number}: {error}")

    async def _stop_all(self, context: Context, why: str) -> None:
        for trial in self._active():
            if trial.state == "running":
                await self._stop(context, trial, f"stopped: {why}")

    async def _next(self, context: Context) -> bool:
        """Launch one more trial: first the intent is kept, then its task is made and enqueued."""
        number = len(self.trials) + 1
        values = await asyncio.to_thread(self._strategy.ask, number)
        if values is None:
            self._exhausted = True
            return False
        trial = self.trials[number] = Trial(number, dict(values))
        self._order.append(number)
        await self._keep(context, trial)
        await self._launch(context, trial)
        return True

    async def _launch(self, context: Context, trial: Trial) -> None:
        chosen, parent = self.settings, context.task
        parameters = {name: parameter(value) for name, value in trial.values.items()}
        mark, name = f"trial {trial.number} of {parent}", f"trial {trial.number}"
        trial.task = await launch_clone(context, chosen.task, parent, mark, name, parameters, chosen.queue)
        trial.state = "running"
        await self._keep(context, trial)

    async def _keep(self, context: Context, trial: Trial) -> None:
        await context.store.put_many({key_of(trial.number): msgspec.to_builtins(trial), "order": list(self._order)})

    def _budget(self, context: Context) -> tuple[str, bool] | None:
        """Why no more trials may be launched, and whether those that run must end, too; None while there is budget."""
        chosen, trials = self.settings, self.trials.values()
        hours = sum(trial.seconds for trial in trials) / 3600
        began = datetime.fromisoformat(context.store.get("began"))
        if chosen.hours and (context.now() - began).total_seconds() >= chosen.hours * 3600:
            return f"{chosen.hours:g} hours are over", True
        if chosen.money and hours * chosen.price_per_hour >= chosen.money:
            return f"{chosen.money:g} of money is spent", True
        if chosen.iterations and sum(trial.iterations for trial in trials) >= chosen.iterations:
            return f"{chosen.iterations} iterations were made", True
        if len(trials) >= chosen.trials:
            return f"{chosen.trials} trials were made", False
        if sum(trial.state == "failed" for trial in trials) >= FAILURES and not best_of(list(trials), self.search.minimize):
            return f"the first {FAILURES} trials failed", True
        return None

    def _finish(self, context: Context, why: str) -> None:
        if not why or self._active():
            return
        best = best_of(list(self.trials.values()), self.search.minimize)
        told = "; ".join(f"trial {trial.number} {trial.values} {trial.objectives}" for trial in best[:5]) or "no trial was good"
        context.log.info(f"{why}. Best: {told}")
        context.finish(f"{why}; best: trial {best[0].number}" if best else why)

    async def stop(self, context: Context) -> None:
        """When the search is stopped by a user, its trials end, too."""
        await self._stop_all(context, "the search was stopped")


class OptimizerPlugin(Plugin):
    """The service that optimizes, and its strategies."""

    name = "optimizer"
    summary = "A service that searches hyperparameters, with its strategies"
    settings_type = OptimizerSettings
    settings: OptimizerSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """One service."""
        return [ServiceOffer(Optimizer, self.settings)]

    @hookimpl
    def trackyard_search_strategies(self) -> list[StrategyOffer]:
        """Those that need nothing, and Optuna's."""
        return [*strategies.STRATEGIES, *optuna_strategies.STRATEGIES]
