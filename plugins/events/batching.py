"""From events to columns: a batch for the store, and what it says of each task for the statistics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeVar

import numpy as np
from trackyard.core.contracts.events import (
    NO_ITERATION,
    SINGLE_VALUE_ITERATION,
    Entity,
    EntityEvents,
    EventBatch,
    LogRecord,
    Sample,
    SampleType,
    Scalars,
)
from trackyard.core.store import MetricBatch
from trackyard.plugins.events.decoding import Event

__all__ = ["EntityReport", "Grouped", "group", "metric_batches"]

K = TypeVar("K")

SCALAR = "training_stats_scalar"
LOG = "log"
SAMPLE_TYPES: dict[str, SampleType] = {
    "plot": "plot",
    "training_debug_image": "training_debug_image",
    "training_stats_vector": "training_stats_vector",
}
MACHINE_METRICS = frozenset({":monitor:machine", ":monitor:gpu"})
"""Reports of the machine, whose iterations are seconds and say nothing of the task's progress."""

UNKNOWN_WORKER = "<unknown>"


@dataclass(slots=True)
class EntityReport:
    """What a batch says of one task or model, beside its events.

    ``iteration`` is the greatest that tells the task's progress, or None; ``types`` are the types of events by metric.
    """

    events: EntityEvents
    iteration: int | None = None
    types: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Grouped:
    """Events by entity, and what kept some out."""

    reports: list[EntityReport]
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def batch(self) -> EventBatch:
        """The batch for the store."""
        return EventBatch([report.events for report in self.reports])


def group(events: list[Event], worker: str | None) -> Grouped:
    """Columns by entity. Events that say no type, no task or nothing at all are counted as errors."""
    grouped = Grouped([])
    host, now = worker or UNKNOWN_WORKER, int(time.time() * 1000)
    for owner, mine in _parted(events, attrgetter("model_event", "task")).items():
        report = EntityReport(EntityEvents(Entity("model" if owner[0] else "task", owner[1]), host))
        for kind, some in _parted(mine, attrgetter("type")).items():
            if kind == SCALAR:
                _add_scalars(report, some, now)
            else:
                _add_others(report, some, grouped.errors, host, now)
        if owner[1]:
            grouped.reports.append(report)
        else:
            grouped.errors["Missing task id"] += len(report.events)
    return grouped


def _parted(events: list[Event], key: Callable[[Event], K]) -> dict[K, list[Event]]:
    """Events by key; nearly always all have the same, which is found without a step in Python per event."""
    keys = set(map(key, events))
    if len(keys) == 1:
        return {keys.pop(): events}
    parts: dict[K, list[Event]] = {}
    for event in events:
        parts.setdefault(key(event), []).append(event)
    return parts


# --- scalars ---


class _Places(dict[tuple[str, str], int]):
    """Numbers series in order of appearance."""

    def __missing__(self, key: tuple[str, str]) -> int:
        place = self[key] = len(self)
        return place


def _add_scalars(report: EntityReport, events: list[Event], now: int) -> None:
    """Sort the points of all series of an entity into columns, with no step in Python per point."""
    count, places = len(events), _Places()
    series = np.fromiter(map(places.__getitem__, map(attrgetter("metric", "variant"), events)), np.int64, count)
    iterations = np.fromiter(map(attrgetter("iter"), events), np.int64, count)
    timestamps = np.fromiter(map(attrgetter("timestamp"), events), np.int64, count)
    values = np.fromiter(map(attrgetter("value"), events), np.float64, count)
    timestamps[timestamps == 0] = now
    order = np.argsort(series, kind="stable")
    offsets = np.append(0, np.cumsum(np.bincount(series)))
    names = list(places)
    scalars = Scalars(names, _labels(events, names), offsets, iterations[order], timestamps[order], values[order])
    _add_columns(report, scalars)


def _labels(events: list[Event], names: list[tuple[str, str]]) -> list[str | None]:
    """The last label of the axis that each series gives."""
    if not any(map(attrgetter("x_axis_label"), events)):
        return [None] * len(names)
    found = {(event.metric, event.variant): event.x_axis_label for event in events if event.x_axis_label}
    return [found.get(name) for name in names]


def _add_columns(report: EntityReport, scalars: Scalars) -> None:
    report.events.scalars = scalars
    telling = scalars.iterations > SINGLE_VALUE_ITERATION
    if any(metric in MACHINE_METRICS for metric, _ in scalars.names):
        machine = [metric in MACHINE_METRICS for metric, _ in scalars.names]
        telling &= ~np.repeat(machine, np.diff(scalars.offsets))
    told = scalars.iterations[telling]
    if len(told):
        report.iteration = int(told.max())
    for metric, _ in scalars.names:
        report.types.setdefault(metric, set()).add(SCALAR)


# --- logs, plots, images, vectors ---


def _add_others(report: EntityReport, events: list[Event], errors: Counter[str], worker: str, now: int) -> None:
    for event in events:
        problem = _problem(event)
        if problem:
            errors[problem] += 1
            continue
        host = event.worker or worker
        if event.type == LOG:
            record = LogRecord(event.timestamp or now, (event.level or "").lower(), host, event.msg or "")
            report.events.logs.append(record)
            report.types.setdefault("", set()).add(LOG)
        else:
            report.events.samples.append(_sample(event, host, now))
            _note(report, event)


def _problem(event: Event) -> str:
    if event.type == LOG:
        return "" if event.msg else "Missing or empty msg"
    if event.type not in SAMPLE_TYPES:
        return f"Invalid event type: {event.type[:100]}"
    if event.type == "plot" and event.plot_str is None:
        return "Missing plot_str"
    if event.type == "training_stats_vector" and event.values is None:
        return "Missing values"
    return ""


def _sample(event: Event, worker: str, now: int) -> Sample:
    sample = Sample(
        SAMPLE_TYPES[event.type], event.metric, event.variant, event.iter, event.timestamp or now, event.key or "", worker
    )
    if event.values is not None and event.type == "training_stats_vector":
        sample.vector = np.array(event.values, np.float64)
    else:
        sample.text = (event.plot_str if event.type == "plot" else event.url) or ""
    return sample


def _note(report: EntityReport, event: Event) -> None:
    report.types.setdefault(event.metric, set()).add(event.type)
    if event.iter > SINGLE_VALUE_ITERATION and event.metric not in MACHINE_METRICS:
        report.iteration = max(event.iter, event.iter if report.iteration is None else report.iteration)


# --- statistics ---


def metric_batches(scalars: Scalars) -> list[MetricBatch]:
    """What a batch says of each variant. Points without a finite number are passed over; a missing iteration counts as 0."""
    finite = np.isfinite(scalars.values)
    series = np.repeat(np.arange(len(scalars.names)), np.diff(scalars.offsets))[finite]
    if not len(series):
        return []
    iterations, values = scalars.iterations[finite], scalars.values[finite]
    iterations = np.where(iterations == NO_ITERATION, 0, iterations)
    order = np.lexsort((scalars.timestamps[finite], iterations, series))  # stable: of equal ones the later stays later
    series, iterations, values = series[order], iterations[order], values[order]
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    ends = np.append(starts[1:], len(series))
    low, high = _where_extreme(values, starts, ends, np.minimum), _where_extreme(values, starts, ends, np.maximum)
    columns = (
        *(values[ends - 1], values[low], iterations[low], values[high], iterations[high], values[starts], iterations[starts]),
        *(ends - starts, np.add.reduceat(values, starts)),
    )
    rows = zip(series[starts].tolist(), *(column.tolist() for column in columns), strict=True)
    return [_metric_batch(scalars, *row) for row in rows]


def _metric_batch(
    scalars: Scalars,
    series: int,
    value: float,
    low: float,
    low_iteration: int,
    high: float,
    high_iteration: int,
    first: float,
    first_iteration: int,
    count: int,
    total: float,
) -> MetricBatch:
    metric, variant = scalars.names[series]
    return MetricBatch(
        metric=metric,
        variant=variant,
        value=value,
        min_value=low,
        min_iteration=low_iteration,
        max_value=high,
        max_iteration=high_iteration,
        first_value=first,
        first_iteration=first_iteration,
        count=count,
        total=total,
        x_axis_label=scalars.labels[series],
    )


def _where_extreme(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    ends: np.ndarray[tuple[int], np.dtype[np.int64]],
    extreme: np.ufunc,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Index of the first lowest or highest value of each stretch."""
    best = np.repeat(extreme.reduceat(values, starts), ends - starts)
    hits = np.flatnonzero(values == best)
    stretch = np.searchsorted(starts, hits, "right")
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = hits[np.append(True, stretch[1:] != stretch[:-1])]
    return found
