"""What is known of one trial, and what a task tells of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from trackyard.core.search import Value
from trackyard.plugins.optimizer.settings import Objective

RUNNING = ("planned", "running", "stopping")
"""States of trials that are not over."""
OVER = {"completed", "published", "publishing", "closed", "failed", "stopped"}
"""Statuses of tasks that are over."""


class Trial(msgspec.Struct):
    """A trial as it is kept in the store.

    ``state``: ``planned`` (the intent to launch it), ``running``, ``stopping`` (its early end was asked for), ``completed``,
    ``stopped`` (early) or ``failed``. ``rungs`` are ``[rung, objective]`` in the order in which they were reached.
    """

    number: int
    values: dict[str, Value]
    state: str = "planned"
    task: str = ""
    objectives: list[float] | None = None
    rungs: list[tuple[int, float]] = []
    iterations: int = 0
    seconds: float = 0.0


def key_of(number: int) -> str:
    """The key of a trial in the store; keys sort as numbers do."""
    return f"trial {number:06d}"


def objectives_of(document: Mapping[str, Any], objectives: Sequence[Objective]) -> list[float] | None:
    """The values of the objectives that a task has reported, or None if one is missing or no number."""
    found = [_value(document.get("last_metrics") or {}, objective) for objective in objectives]
    return None if any(value is None or not math.isfinite(value) for value in found) else [v for v in found if v is not None]


def _value(metrics: Mapping[str, Any], objective: Objective) -> float | None:
    field = "value"
    if objective.use == "best":
        field = "min_value" if objective.goal == "minimize" else "max_value"
    for variants in metrics.values():
        for item in variants.values():
            if (item.get("metric"), item.get("variant")) == (objective.metric, objective.variant):
                value = item.get(field)
                return float(value) if isinstance(value, int | float) else None
    return None


def seconds_of(document: Mapping[str, Any], now: datetime) -> float:
    """For how long a task has run."""
    if not document.get("started"):
        return 0.0
    end = datetime.fromisoformat(document["completed"]) if document.get("completed") else now
    return max(0.0, (end - datetime.fromisoformat(document["started"])).total_seconds())


def parameter(value: Value) -> str:
    """A value as the text of a hyperparameter."""
    return str(value) if not isinstance(value, float) else repr(value)


def is_better(one: Sequence[float], other: Sequence[float], minimize: Sequence[bool]) -> bool:
    """Whether one is at least as good in every objective and better in one."""
    pairs = [(a, b) if less else (-a, -b) for a, b, less in zip(one, other, minimize, strict=True)]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def best_of(trials: Sequence[Trial], minimize: Sequence[bool]) -> list[Trial]:
    """The trials that no other is better than: one (the first) for one objective, the front for several."""
    ended = [trial for trial in trials if trial.state == "completed" and trial.objectives]
    front = [a for a in ended if not any(is_better(b.objectives or [], a.objectives or [], minimize) for b in ended)]
    return front[:1] if len(minimize) == 1 else front
