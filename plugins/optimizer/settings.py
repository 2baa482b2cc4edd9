"""The table ``[optimizer]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from trackyard.core.search import Dimension, Search


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metric of the trials: less or more is better; its last value counts, or its best."""

    metric: str
    variant: str
    goal: Literal["minimize", "maximize"] = "minimize"
    use: Literal["last", "best"] = "last"


def meta(text: str) -> msgspec.Meta:
    """The description of a setting."""
    return msgspec.Meta(description=text)


Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
SPACE = '[{"name": "Args/lr", "low": 1e-5, "high": 0.1, "log": true}, {"name": "Args/n", "kind": "choice", "values": [1, 2]}]'


class OptimizerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[optimizer]``: the defaults of the service that searches hyperparameters.

    ``task`` is cloned for each trial and the clones go to ``queue``, ``parallel`` at a time. ``space`` and ``objectives`` say
    what is searched. The budget: ``trials``, ``iterations`` of all trials together, ``hours``, and ``money`` at
    ``price_per_hour`` of a running trial (0: no limit).
    """

    task: Annotated[str, meta("The id of the task that is cloned for each trial")] = ""
    queue: Annotated[str, meta("The name of the queue for the trials")] = "default"
    strategy: Annotated[str, meta("grid, random, tpe, cmaes, asha, hyperband, or a plugin's")] = "tpe"
    space: Annotated[list[Dimension], meta(f"Hyperparameters, such as {SPACE}")] = []
    objectives: Annotated[list[Objective], meta('Metrics: [{"metric": "loss", "variant": "test", "goal": "minimize"}]')] = []
    parallel: Annotated[int, msgspec.Meta(ge=1, le=1000, description="Trials that run at once")] = 2
    trials: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="Budget: trials")] = 50
    iterations: Annotated[Count, meta("Budget: iterations of all trials together")] = 0
    hours: Annotated[Amount, meta("Budget: hours since the start")] = 0.0
    money: Annotated[Amount, meta("Budget: cost of all trials together")] = 0.0
    price_per_hour: Annotated[Amount, meta("Cost of one trial per hour")] = 0.0
    trial_iterations: Annotated[Count, meta("Iterations after which a trial is ended (0: never)")] = 0
    seed: Annotated[int, meta("The same seed makes the same suggestions")] = 0
    points: Annotated[int, msgspec.Meta(ge=1, description="For grid: values of each continuous hyperparameter")] = 5
    first_rung: Annotated[int, msgspec.Meta(ge=1, description="For early stopping: the first iteration at which to stop")] = 1
    last_rung: Annotated[int, msgspec.Meta(ge=1, description="For early stopping: iterations of a whole trial")] = 81
    reduction: Annotated[int, msgspec.Meta(ge=2, description="For early stopping: one of so many goes on")] = 3
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, description="Seconds between two looks at the trials")] = 5.0

    def search(self) -> Search:
        """The search that the settings describe; raises `ValueError`."""
        if not self.task or not self.space or not self.objectives:
            raise ValueError("task, space and objectives are needed")
        for dimension in self.space:
            dimension.check()
        before: set[str] = set()
        for dimension in self.space:
            if not set(dimension.when) <= before:
                raise ValueError(f"space: {dimension.name}: when names what does not come before it")
            if dimension.name in before:
                raise ValueError(f"space: {dimension.name} is there twice")
            before.add(dimension.name)
        minimize = [objective.goal == "minimize" for objective in self.objectives]
        rungs = (self.first_rung, self.last_rung, self.reduction)
        return Search(self.space, minimize, self.trials, self.seed, self.points, *rungs)
