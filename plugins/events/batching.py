"""From events to columns: a batch for the store, and what it says of each task for the statistics."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np
from trackyard.core.contracts.events import (
    NO_ITERATION,
    SINGLE_VALUE_ITERATION,
    Entity,
    EntityEvents,
    EventBatch,
    Floats,
    Ints,
    LogRecord,
    Sample,
    Scalars,
)
from trackyard.core.store import MetricBatch
from trackyard.plugins.events.decoding import Event, Log, Plot, Sampled, Scalar, Vector

__all__ = ["EntityReport", "Grouped", "group", "metric_batches"]

Owner: TypeAlias = tuple[bool, str]

SCALAR = "training_stats_scalar"
LOG = "log"
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
    """Columns by entity. Events that say no task or nothing at all are counted as errors."""
    grouped = Grouped([])
    host, now = worker or UNKNOWN_WORKER, int(time.time() * 1000)
    for owner, mine in _by_owner(events).items():
        report = EntityReport(EntityEvents(Entity("model" if owner[0] else "task", owner[1]), host))
        scalars, others = _by_shape(mine)
        if scalars:
            _add_scalars(report, scalars, now)
        _add_others(report, others, grouped.errors, host, now)
        if owner[1]:
            grouped.reports.append(report)
        else:
            grouped.errors["Missing task id"] += len(report.events)
    return grouped


def _by_owner(events: list[Event]) -> dict[Owner, list[Event]]:
    """Events by whether they belong to a model, and its or the task's id. Nearly always all have the same owner."""
    models, ids = {event.model_event for event in events}, {event.task for event in events}
    if len(models) == len(ids) == 1:
        return {(models.pop(), ids.pop()): events}
    parts: dict[Owner, list[Event]] = {}
    for event in events:
        parts.setdefault((event.model_event, event.task), []).append(event)
    return parts


def _by_shape(events: list[Event]) -> tuple[list[Scalar], list[Log | Sampled]]:
    """Scalars, and what else there is. Nearly always all are scalars."""
    if set(map(type, events)) == {Scalar}:
        return cast(list[Scalar], events), []
    return [event for event in events if isinstance(event, Scalar)], [event for event in events if not isinstance(event, Scalar)]


# --- scalars ---


class _Places(dict[tuple[str, str], int]):
    """Numbers series in order of appearance."""

    def __missing__(self, key: tuple[str, str]) -> int:
        place = self[key] = len(self)
        return place


def _add_scalars(report: EntityReport, events: list[Scalar], now: int) -> None:
    """Sort the points of all series of an entity into columns. Comprehensions are the quickest way to a column."""
    places = _Places()
    series = np.array([places[event.metric, event.variant] for event in events], np.int64)
    iterations = np.array([event.iter for event in events], np.int64)
    timestamps = np.array([event.timestamp for event in events], np.int64)
    values = np.array([event.value for event in events], np.float64)
    timestamps[timestamps == 0] = now
    order = series.argsort(kind="stable")
    offsets = np.zeros(len(places) + 1, np.int64)
    np.bincount(series).cumsum(out=offsets[1:])
    names = list(places)
    scalars = Scalars(names, _labels(events, names), offsets, iterations[order], timestamps[order], values[order])
    _add_columns(report, scalars)


def _labels(events: list[Scalar], names: list[tuple[str, str]]) -> list[str | None]:
    """The last label of the axis that each series gives."""
    found = {(event.metric, event.variant): event.x_axis_label for event in events if event.x_axis_label}
    return [found.get(name) for name in names] if found else [None] * len(names)


def _add_columns(report: EntityReport, scalars: Scalars) -> None:
    report.events.scalars = scalars
    telling = scalars.iterations
    if any(metric in MACHINE_METRICS for metric, _ in scalars.names):
        machine = [metric in MACHINE_METRICS for metric, _ in scalars.names]
        telling = telling[~np.repeat(machine, np.diff(scalars.offsets))]
    last = int(telling.max(initial=NO_ITERATION))
    if last > SINGLE_VALUE_ITERATION:
        report.iteration = last
    for metric, _ in scalars.names:
        report.types.setdefault(metric, set()).add(SCALAR)


# --- logs, plots, images, vectors ---


def _add_others(report: EntityReport, events: list[Log | Sampled], errors: Counter[str], worker: str, now: int) -> None:
    for event in events:
        problem = _problem(event)
        if problem:
            errors[problem] += 1
            continue
        host = event.worker or worker
        if isinstance(event, Log):
            record = LogRecord(event.timestamp or now, (event.level or "").lower(), host, event.msg or "")
            report.events.logs.append(record)
            report.types.setdefault("", set()).add(LOG)
        else:
            sample = _sample(event, host, now)
            report.events.samples.append(sample)
            _note(report, sample)


def _problem(event: Log | Sampled) -> str:
    if isinstance(event, Log):
        return "" if event.msg else "Missing or empty msg"
    if isinstance(event, Plot) and event.plot_str is None:
        return "Missing plot_str"
    if isinstance(event, Vector) and event.values is None:
        return "Missing values"
    return ""


def _sample(event: Sampled, worker: str, now: int) -> Sample:
    place = (event.metric, event.variant, event.iter, event.timestamp or now, event.key or "", worker)
    if isinstance(event, Vector):
        return Sample("training_stats_vector", *place, vector=np.array(event.values, np.float64))
    if isinstance(event, Plot):
        return Sample("plot", *place, text=event.plot_str or "")
    return Sample("training_debug_image", *place, text=event.url or "")


def _note(report: EntityReport, sample: Sample) -> None:
    report.types.setdefault(sample.metric, set()).add(sample.type)
    if sample.iteration > SINGLE_VALUE_ITERATION and sample.metric not in MACHINE_METRICS:
        report.iteration = max(sample.iteration, sample.iteration if report.iteration is None else report.iteration)


# --- statistics ---


def metric_batches(scalars: Scalars) -> list[MetricBatch]:
    """What a batch says of each variant. Points without a finite number are passed over; a missing iteration counts as 0."""
    series, iterations, values = _in_order(scalars)
    if not len(series):
        return []
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    ends = np.append(starts[1:], len(series))
    low, high = _where_extreme(values, starts, ends, np.minimum), _where_extreme(values, starts, ends, np.maximum)
    columns = (
        *(values[ends - 1], values[low], iterations[low], values[high], iterations[high], values[starts], iterations[starts]),
        *(ends - starts, np.add.reduceat(values, starts)),
    )
    rows = zip(series[starts].tolist(), *(column.tolist() for column in columns), strict=True)
    return [_metric_batch(scalars, *row) for row in rows]


def _in_order(scalars: Scalars) -> tuple[Ints, Ints, Floats]:
    """Series (as places in the list of names), iterations and values, without what is not finite, by series, iteration and
    time. Nearly always they are in order as they are, which is found sooner than they are sorted."""
    series = np.arange(len(scalars.names)).repeat(np.diff(scalars.offsets))
    iterations, values = scalars.iterations, scalars.values
    finite = np.isfinite(values)
    rises = (iterations[1:] > iterations[:-1]) | (series[1:] != series[:-1])
    if finite.all() and rises.all() and NO_ITERATION not in iterations[scalars.offsets[:-1]]:
        return series, iterations, values
    series, values = series[finite], values[finite]
    iterations = np.where(iterations == NO_ITERATION, 0, iterations)[finite]
    order = np.lexsort((scalars.timestamps[finite], iterations, series))  # stable: of equal ones the later stays later
    return series[order], iterations[order], values[order]


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
    values: Floats,
    starts: Ints,
    ends: Ints,
    extreme: np.ufunc,
) -> Ints:
    """Index of the first lowest or highest value of each stretch."""
    best = np.repeat(extreme.reduceat(values, starts), ends - starts)
    hits = np.flatnonzero(values == best)
    stretch = np.searchsorted(starts, hits, "right")
    found: Ints = hits[np.append(True, stretch[1:] != stretch[:-1])]
    return found
