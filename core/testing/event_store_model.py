"""A plain model of an event store, and histories to compare stores with it. Part of the conformance suite of event stores."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st
from trackyard.core.contracts.events import (
    NO_ITERATION,
    SINGLE_VALUE_ITERATION,
    Entity,
    EntityEvents,
    EventBatch,
    LogRecord,
    Sample,
    Scalars,
)

__all__ = [
    "EventModel",
    "Forget",
    "ForgetLogs",
    "Keep",
    "Look",
    "Reopen",
    "Settle",
    "Step",
    "batch_of",
    "histories",
    "scalars_of",
]

Point = tuple[int, int, float]
Name = tuple[str, str]


def scalars_of(points: Iterable[tuple[str, str, int, int, float]], label: str | None = None) -> Scalars:
    """Columns of (metric, variant, iteration, timestamp, value) rows."""
    groups: dict[Name, list[Point]] = {}
    for metric, variant, *point in points:
        groups.setdefault((metric, variant), []).append((int(point[0]), int(point[1]), float(point[2])))
    rows = [row for group in groups.values() for row in group]
    return Scalars(
        names=list(groups),
        labels=[label] * len(groups),
        offsets=np.cumsum([0, *(len(group) for group in groups.values())], dtype=np.int64),
        iterations=np.array([row[0] for row in rows], np.int64),
        timestamps=np.array([row[1] for row in rows], np.int64),
        values=np.array([row[2] for row in rows], np.float64),
    )


def batch_of(
    entity: str,
    points: Iterable[tuple[str, str, int, int, float]] = (),
    samples: Iterable[Sample] = (),
    logs: Iterable[LogRecord] = (),
    label: str | None = None,
) -> EventBatch:
    """A batch of one task."""
    events = EntityEvents(Entity("task", entity), "host", scalars_of(points, label), list(samples), list(logs))
    return EventBatch([events])


@dataclass(frozen=True, slots=True)
class Forget:
    """A step of a history: delete an entity."""

    entity: str


@dataclass(frozen=True, slots=True)
class ForgetLogs:
    """A step of a history: delete log records before a time."""

    entity: str
    before: int


@dataclass(frozen=True, slots=True)
class Keep:
    """A step of a history: forget everything of an entity that is older than a time."""

    entity: str
    before: int


@dataclass(frozen=True, slots=True)
class Look:
    """A step of a history: read everything in every way and compare it with the model."""


@dataclass(frozen=True, slots=True)
class Settle:
    """A step of a history: let background work finish."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """A step of a history: close and open the store."""


Step: TypeAlias = EventBatch | Settle | Forget | ForgetLogs | Keep | Look | Reopen
"""Something that happens to a store."""


@dataclass(slots=True)
class EventModel:
    """What a store must answer, kept in dictionaries."""

    points: dict[str, dict[Name, dict[int, Point]]] = field(default_factory=dict)
    samples: dict[str, dict[tuple[str, str, str, int, str], Sample]] = field(default_factory=dict)
    logs: dict[str, list[LogRecord]] = field(default_factory=dict)

    def append(self, batch: EventBatch) -> None:
        """Take a batch."""
        for item in batch.items:
            self._append_scalars(item)
            samples = self.samples.setdefault(item.entity.id, {})
            for sample in item.samples:
                samples[sample.type, sample.metric, sample.variant, sample.iteration, sample.key] = sample
            self.logs.setdefault(item.entity.id, []).extend(item.logs)

    def _append_scalars(self, item: EntityEvents) -> None:
        if item.scalars is None:
            return
        scalars = item.scalars
        for k, name in enumerate(scalars.names):
            series = self.points.setdefault(item.entity.id, {}).setdefault(name, {})
            for at in range(int(scalars.offsets[k]), int(scalars.offsets[k + 1])):
                iteration = int(scalars.iterations[at])
                series[iteration] = (iteration, int(scalars.timestamps[at]), float(scalars.values[at]))

    def forget(self, entity: str) -> None:
        """Delete an entity."""
        for part in (self.points, self.samples, self.logs):
            part.pop(entity, None)

    def forget_logs(self, entity: str, before: int) -> None:
        """Delete log records before a time."""
        self.logs[entity] = [record for record in self.logs.get(entity, []) if record.timestamp >= before]

    def keep(self, entity: str, before: int) -> None:
        """Forget everything of an entity that is older than a time."""
        self.forget_logs(entity, before)
        self.points[entity] = {
            name: {key: point for key, point in points.items() if point[1] >= before}
            for name, points in self.points.get(entity, {}).items()
        }
        samples = self.samples.get(entity, {})
        self.samples[entity] = {key: sample for key, sample in samples.items() if sample.timestamp >= before}

    def series(self, entity: str, special: bool = False) -> dict[Name, list[Point]]:
        """Points by series and iteration."""
        found = {}
        for name, points in sorted(self.points.get(entity, {}).items()):
            kept = [points[key] for key in sorted(points) if special or key not in (NO_ITERATION, SINGLE_VALUE_ITERATION)]
            if kept:
                found[name] = kept
        return found

    def log(self, entity: str) -> list[LogRecord]:
        """Records by time, equal times by arrival."""
        return sorted(self.logs.get(entity, []), key=lambda record: record.timestamp)


def same(left: Iterable[Point], right: Iterable[Point]) -> bool:
    """Equal points; NaN equals NaN."""
    pairs = list(zip(left, right, strict=True))
    return all(a[:2] == b[:2] and (a[2] == b[2] or (math.isnan(a[2]) and math.isnan(b[2]))) for a, b in pairs)


# --- histories ---

ENTITIES = st.sampled_from(["task-one", "task-two"])
NAMES = st.sampled_from(["loss", "accuracy"])
VARIANTS = st.sampled_from(["train", "été ☃"])
ITERATIONS = st.one_of(st.integers(-3, 40), st.sampled_from([SINGLE_VALUE_ITERATION, NO_ITERATION, 2**40]))
TIMES = st.integers(1_700_000_000_000, 1_700_000_000_020)
VALUES = st.one_of(st.floats(allow_nan=True, allow_infinity=False), st.integers(-5, 5).map(float))
POINTS = st.lists(st.tuples(NAMES, VARIANTS, ITERATIONS, TIMES, VALUES), max_size=30)
LOGS = st.lists(
    st.builds(LogRecord, TIMES, st.sampled_from(["info", "error"]), st.just("host"), st.text("xyzXZ \n☃", max_size=12)),
    max_size=12,
)
PLOTS = st.builds(
    Sample,
    st.sampled_from(["plot", "training_debug_image"]),
    NAMES,
    VARIANTS,
    st.integers(0, 5),
    TIMES,
    st.sampled_from(["", "key"]),
    st.just("host"),
    st.text("{}[]xyz☃", max_size=10),
)
BATCHES = st.builds(batch_of, ENTITIES, POINTS, st.lists(PLOTS, max_size=4), LOGS)
STEPS = st.one_of(
    BATCHES,
    BATCHES,
    BATCHES,
    st.builds(Settle),
    st.builds(Look),
    st.builds(Forget, ENTITIES),
    st.builds(ForgetLogs, ENTITIES, TIMES),
    st.builds(Keep, ENTITIES, TIMES),
    st.builds(Reopen),
)


def histories() -> st.SearchStrategy[list[Step]]:
    """Things that happen to a store, one after the other."""
    return st.lists(STEPS, min_size=1, max_size=12)
