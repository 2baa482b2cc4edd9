"""What the autoscaler decides: one function of what it sees, without effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trackyard.plugins.autoscaler.settings import AutoscalerSettings, Resource

RESERVE_HOURS = 1.0
"""A start needs so much of the day's and the month's budget left for all instances."""


@dataclass(frozen=True)
class Machine:
    """An instance as it is seen now. Times are in seconds; ``silent`` is since its worker was seen, or since its start.

    ``alive``: the provider has it. ``worker``: its worker is there. ``idle`` is 0 for a busy one.
    """

    label: str
    resource: str
    price: float
    alive: bool = True
    worker: bool = True
    busy: bool = False
    idle: float = 0.0
    silent: float = 0.0


@dataclass(frozen=True)
class State:
    """What is seen: tasks that wait by queue, instances, money spent, seconds since the last start by resource."""

    waiting: Mapping[str, int]
    machines: Sequence[Machine]
    day: float = 0.0
    month: float = 0.0
    since_start: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Decision:
    """What to do and why. ``label`` is of the instance to stop; ``hold`` tells why no instance is started."""

    action: Literal["start", "stop", "hold"]
    resource: str
    reason: str
    label: str = ""


def decide(state: State, settings: AutoscalerSettings) -> list[Decision]:
    """Stops first, then starts in the order of the resources: minimums before what waits."""
    stops = _stops(state, settings)
    gone = {decision.label for decision in stops}
    left = [machine for machine in state.machines if machine.label not in gone]
    return [*stops, *_Starts(state, settings, left).all()]


def _stops(state: State, settings: AutoscalerSettings) -> list[Decision]:
    known = {resource.name: resource for resource in settings.resources}
    kept = {name: sum(machine.resource == name for machine in state.machines) for name in known}
    found: list[Decision] = []
    for machine in sorted(state.machines, key=lambda one: (one.alive, -one.silent, -one.idle, one.label)):
        resource = known.get(machine.resource)
        reason = _why_stop(machine, resource, kept.get(machine.resource, 0), _spent(state, settings))
        if reason:
            found.append(Decision("stop", machine.resource, reason, machine.label))
            kept[machine.resource] = kept.get(machine.resource, 0) - 1
    return found


def _why_stop(machine: Machine, resource: Resource | None, kept: int, spent: str) -> str:
    if not machine.alive:
        return "the provider no longer has it"
    if machine.busy:
        return ""
    if not machine.worker:
        limit = resource.boot_minutes * 60 if resource else 0.0
        return f"no worker for {machine.silent:.0f} s" if machine.silent >= limit else ""
    if resource is None:
        return "the settings no longer have its kind"
    if spent:
        return f"idle, and {spent}"
    if machine.idle >= resource.idle_minutes * 60 and kept > resource.minimum:
        return f"idle for {machine.idle:.0f} s"
    return "idle, and more than the maximum" if kept > resource.maximum else ""


def _spent(state: State, settings: AutoscalerSettings) -> str:
    if settings.per_day and state.day >= settings.per_day:
        return f"{state.day:.2f} of {settings.per_day:.2f} for the day is spent"
    if settings.per_month and state.month >= settings.per_month:
        return f"{state.month:.2f} of {settings.per_month:.2f} for the month is spent"
    return ""


class _Starts:
    """Counts what there is while starts are decided."""

    def __init__(self, state: State, settings: AutoscalerSettings, machines: Sequence[Machine]) -> None:
        self.state, self.settings = state, settings
        self.rate = sum(machine.price for machine in machines)
        self.total = len(machines)
        self.counts = {one.name: sum(machine.resource == one.name for machine in machines) for one in settings.resources}
        queues = {one.name: one.queue for one in settings.resources}
        self.free = dict.fromkeys(queues.values(), 0)
        for machine in machines:
            if machine.resource in queues and not machine.busy:
                self.free[queues[machine.resource]] += 1
        self.started: set[str] = set()
        self.decisions: list[Decision] = []

    def all(self) -> list[Decision]:
        """Decide them."""
        for resource in self.settings.resources:
            self._until(resource, "fewer than the minimum", lambda one: self.counts[one.name] < one.minimum)
        for resource in self.settings.resources:
            self._until(resource, "tasks wait", lambda one: self._missing(one) > 0)
        return self.decisions

    def _missing(self, resource: Resource) -> int:
        return self.state.waiting.get(resource.queue, 0) - self.free[resource.queue]

    def _until(self, resource: Resource, reason: str, wanted: Callable[[Resource], bool]) -> None:
        while wanted(resource):
            refusal = self._refusal(resource)
            if refusal:
                self.decisions.append(Decision("hold", resource.name, f"{reason}, but {refusal}"))
                return
            self.decisions.append(Decision("start", resource.name, reason))
            self.counts[resource.name] += 1
            self.free[resource.queue] += 1
            self.total += 1
            self.rate += resource.top_price
            self.started.add(resource.name)

    def _refusal(self, resource: Resource) -> str:
        settings, rate = self.settings, self.rate + resource.top_price
        since = (self.state.since_start or {}).get(resource.name)
        if self.counts[resource.name] >= resource.maximum:
            return f"the maximum of {resource.maximum} is reached"
        if settings.maximum and self.total >= settings.maximum:
            return f"the maximum of {settings.maximum} of all is reached"
        if resource.cool_down_seconds and resource.name in self.started:
            return "one was started just now"
        if since is not None and since < resource.cool_down_seconds:
            return f"one was started {since:.0f} s ago"
        if settings.per_hour and rate > settings.per_hour:
            return f"{rate:.2f} per hour would be above {settings.per_hour:.2f}"
        if settings.per_day and self.state.day + rate * RESERVE_HOURS > settings.per_day:
            return f"an hour more would break the day's {settings.per_day:.2f}"
        if settings.per_month and self.state.month + rate * RESERVE_HOURS > settings.per_month:
            return f"an hour more would break the month's {settings.per_month:.2f}"
        return ""
