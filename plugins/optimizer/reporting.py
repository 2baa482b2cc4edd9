"""What the optimizer shows on its task: curves, and plots of parallel coordinates, importance, history and the best trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from trackyard.core.services import Context
from trackyard.plugins.optimizer.settings import OptimizerSettings
from trackyard.plugins.optimizer.trials import RUNNING, Trial, best_of

BEST = 10
FEWEST = 5
"""Trials that importance needs at least."""
Figure = dict[str, Any]


def report(context: Context, settings: OptimizerSettings, trials: Sequence[Trial]) -> None:
    """Report how the search stands; the number of ended trials is the iteration."""
    ended = [trial for trial in trials if trial.state not in RUNNING]
    count = len(ended)
    context.scalar("trials", "running", len(trials) - count, count)
    for state in ("completed", "stopped", "failed"):
        context.scalar("trials", state, sum(trial.state == state for trial in ended), count)
    good = [trial for trial in ended if trial.objectives]
    minimize = [objective.goal == "minimize" for objective in settings.objectives]
    names = [f"{objective.metric}/{objective.variant}" for objective in settings.objectives]
    best = best_of(trials, minimize)
    if best and len(names) == 1:
        context.scalar("best", names[0], (best[0].objectives or [math.nan])[0], count)
    if good:
        context.plot("search", "history", history(good, names, minimize), 0)
        context.plot("search", "parallel coordinates", parallel(settings, good, names), 0)
        context.plot("search", "best trials", table(settings, ranked(good, minimize)[:BEST], names), 0)
    if len(good) >= FEWEST:
        context.plot("search", "importance", importance(settings, good), 0)


def ranked(good: Sequence[Trial], minimize: Sequence[bool]) -> list[Trial]:
    """The front first, then by the first objective."""
    front = {trial.number for trial in best_of(good, minimize)}
    sign = 1 if minimize[0] else -1
    return sorted(good, key=lambda trial: (trial.number not in front, sign * (trial.objectives or [0.0])[0]))


def history(good: Sequence[Trial], names: Sequence[str], minimize: Sequence[bool]) -> Figure:
    """Each trial's objectives by its number, and the best so far of the first."""
    data: list[Figure] = []
    numbers = [trial.number for trial in good]
    for place, name in enumerate(names):
        values = [(trial.objectives or [])[place] for trial in good]
        data.append({"type": "scatter", "mode": "markers", "name": name, "x": numbers, "y": values})
    pick = np.minimum if minimize[0] else np.maximum
    best = pick.accumulate([(trial.objectives or [])[0] for trial in sorted(good, key=lambda trial: trial.number)])
    line = {"type": "scatter", "mode": "lines", "name": "best", "line": {"shape": "hv"}}
    data.append({**line, "x": sorted(numbers), "y": best.tolist()})
    return {"data": data, "layout": {"xaxis": {"title": {"text": "trial"}}, "yaxis": {"title": {"text": names[0]}}}}


def parallel(settings: OptimizerSettings, good: Sequence[Trial], names: Sequence[str]) -> Figure:
    """One line for each trial through its values to its objectives; a value that does not exist lies below the others."""
    axes: list[Figure] = []
    for dimension in settings.space:
        values = [trial.values.get(dimension.name) for trial in good]
        if dimension.kind == "choice":
            known = [str(value) for value in dimension.values]
            places = [-1 if value is None else known.index(str(value)) for value in values]
            axes.append({"label": dimension.name, "values": places, "tickvals": list(range(len(known))), "ticktext": known})
        else:
            numbers = [dimension.low if value is None else float(value) for value in values]
            title = f"log10 {dimension.name}" if dimension.log else dimension.name
            axes.append({"label": title, "values": [math.log10(one) if dimension.log else one for one in numbers]})
    for place, name in enumerate(names):
        axes.append({"label": name, "values": [(trial.objectives or [])[place] for trial in good]})
    colors = {"color": [(trial.objectives or [])[0] for trial in good], "colorscale": "Viridis", "showscale": True}
    return {"data": [{"type": "parcoords", "line": colors, "dimensions": axes}], "layout": {}}


def importance(settings: OptimizerSettings, good: Sequence[Trial]) -> Figure:
    """How much of the first objective's variance each hyperparameter explains by itself."""
    target = np.array([(trial.objectives or [0.0])[0] for trial in good], dtype=float)
    shares: Mapping[str, float] = {
        dimension.name: explained([trial.values.get(dimension.name) for trial in good], target, log=dimension.log)
        for dimension in settings.space
    }
    order = sorted(shares, key=lambda name: shares[name])
    bars = {"type": "bar", "orientation": "h", "x": [shares[name] for name in order], "y": order}
    return {"data": [bars], "layout": {"xaxis": {"title": {"text": "explained variance"}, "range": [0, 1]}}}


def explained(values: Sequence[Any], target: np.ndarray, *, log: bool = False) -> float:
    """The share of the variance that a parabola through the values explains, or that groups of equal values explain."""
    total = float(((target - target.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values) and len(set(values)) > 3:
        places = np.log(np.array(values, dtype=float)) if log else np.array(values, dtype=float)
        centred = (places - places.mean()) / (places.std() or 1.0)
        guess = np.polyval(np.polyfit(centred, target, 2), centred)
    else:
        groups = {value: target[[one == value for one in values]].mean() for value in values}
        guess = np.array([groups[value] for value in values])
    return float(min(1.0, max(0.0, 1 - ((target - guess) ** 2).sum() / total)))


def table(settings: OptimizerSettings, trials: Sequence[Trial], names: Sequence[str]) -> Figure:
    """The best trials with their values and tasks."""
    parameters = [dimension.name for dimension in settings.space]
    columns = [
        [trial.number for trial in trials],
        *([f"{(trial.objectives or [])[place]:.6g}" for trial in trials] for place in range(len(names))),
        *([str(trial.values.get(name, "")) for trial in trials] for name in parameters),
        [trial.state for trial in trials],
        [trial.task for trial in trials],
    ]
    heads = ["trial", *names, *parameters, "state", "task"]
    return {"data": [{"type": "table", "header": {"values": heads}, "cells": {"values": columns}}], "layout": {}}
