"""Reading scalars and vectors: curves, raw points, single and latest values, names of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from trackyard.core.contracts.events import (
    Curve,
    CurveQuery,
    Entity,
    MetricFilter,
    PointQuery,
    SampleQuery,
    SeriesInfo,
    SeriesType,
)
from trackyard.core.errors import validation
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events import requests
from trackyard.plugins.events.entities import kind_of, lookup, names_of
from trackyard.plugins.events.requests import filters
from trackyard.plugins.events.shapes import iso_time, numbers, open_cursor, point_events, seal_cursor

LAST = 2**63 - 1
"""The cursor after the last iteration."""

AVERAGED = 100
"""``last_100_value`` is the average of that many last points."""


async def scalar_metrics_iter_histogram(call: Call, request: requests.ScalarsRequest) -> dict[str, Any]:
    """Curves of one task, by metric and variant."""
    await lookup(call, kind_of(request.model_events), [request.task])
    found: dict[str, dict[str, Any]] = {}
    for curve in await call.events.curves(_curve_query(request, [request.task])):
        found.setdefault(curve.metric, {})[curve.variant] = {"name": curve.variant, **_axes(call, curve, request.key)}
    return found


async def multi_task_scalar_metrics_iter_histogram(call: Call, request: requests.MultiScalarsRequest) -> dict[str, Any]:
    """Curves of several tasks, by metric, variant and task."""
    names = await names_of(call, kind_of(request.model_events), request.tasks)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for curve in await call.events.curves(_curve_query(request, list(names))):
        axes = {"name": names[curve.entity], **_axes(call, curve, request.key)}
        found.setdefault(curve.metric, {}).setdefault(curve.variant, {})[curve.entity] = axes
    return {"metrics": found}


def _curve_query(request: requests.ScalarsRequest | requests.MultiScalarsRequest, entities: Sequence[str]) -> CurveQuery:
    start, end = _range(request.x_range)
    return CurveQuery(
        kind_of(request.model_events),
        entities,
        filters(request.metrics),
        "iteration" if request.key == "iter" else "timestamp",
        request.samples,
        start,
        end,
    )


def _range(ends: list[float | None]) -> tuple[int | None, int | None]:
    if not ends:
        return None, None
    if len(ends) != 2:
        raise validation("x_range", "two numbers are expected, of which either may be null")
    low, high = (None if end is None else max(min(int(end), LAST), -LAST) for end in ends)
    return low, high


def _axes(call: Call, curve: Curve, key: str) -> dict[str, Any]:
    """Both axes. Over HTTP they stay columns, which the envelope writes as lists: a comparison may have a million numbers."""
    axis = curve.iterations if key == "iter" else curve.timestamps
    label = {"x_axis_label": curve.label} if curve.label else {}
    if key == "iso_time":
        return {"x": [iso_time(time) for time in axis.tolist()], "y": numbers(curve.values), **label}
    if call.request is None:
        return {"x": axis.tolist(), "y": numbers(curve.values), **label}
    return {"x": axis, "y": curve.values, **label}


async def scalar_metrics_iter_raw(call: Call, request: requests.RawScalarsRequest) -> dict[str, Any]:
    """Every point of one metric, in pages; the last page is empty."""
    kind = kind_of(request.model_events)
    await lookup(call, kind, [request.task])
    query = PointQuery(
        Entity(kind, request.task),
        filters([request.metric]),
        open_cursor(request.scroll_id),
        request.batch_size,
        count=request.count_total,
    )
    page = await call.events.points(query)
    variants = {
        series.variant: {request.key: _axes(call, series, request.key)["x"], "y": numbers(series.values)}
        for series in page.series
    }
    returned = sum(len(series.values) for series in page.series)
    scroll_id = seal_cursor(LAST if page.next is None else page.next)
    return {"variants": variants, "total": page.total, "returned": returned, "scroll_id": scroll_id}


async def get_scalar_metric_data(call: Call, request: requests.ScalarDataRequest) -> dict[str, Any]:
    """The points of one metric as events, in pages."""
    kind = kind_of(request.model_events)
    await lookup(call, kind, [request.task])
    query = PointQuery(
        Entity(kind, request.task), [MetricFilter(request.metric)], open_cursor(request.scroll_id), special=True, count=True
    )
    page = await call.events.points(query)
    events = [event for series in page.series for event in point_events(series, request.model_events)]
    events.sort(key=lambda event: event.get("iter", -LAST))
    scroll_id = None if request.no_scroll else seal_cursor(LAST if page.next is None else page.next)
    return {"events": events, "returned": len(events), "total": page.total or 0, "scroll_id": scroll_id}


async def get_task_single_value_metrics(call: Call, request: requests.SingleValuesRequest) -> dict[str, Any]:
    """Single values, task by task; tasks without any are left out."""
    kind = kind_of(request.model_events)
    names = await names_of(call, kind, request.tasks)
    values: dict[str, list[dict[str, Any]]] = {}
    for series in await call.events.single_values(kind, list(names), filters(request.metrics)):
        value = {
            "metric": series.metric,
            "variant": series.variant,
            "value": numbers(series.values)[0],
            "timestamp": int(series.timestamps[0]),
        }
        values.setdefault(series.entity, []).append(value)
    return {"tasks": [{"task": task, "task_name": names[task], "values": found} for task, found in values.items()]}


async def get_task_latest_scalar_values(call: Call, request: requests.TaskRequest) -> dict[str, Any]:
    """The last value of each variant and the average of the last hundred, by metric."""
    kind = kind_of(request.model_events)
    await lookup(call, kind, [request.task])
    metrics: dict[str, list[dict[str, Any]]] = {}
    for series in await call.events.latest(kind, [request.task], AVERAGED):
        known = series.values[series.values == series.values]
        average = float(known.mean()) if len(known) else None
        variant = {"name": series.variant, "last_value": numbers(series.values)[-1], "last_100_value": average}
        metrics.setdefault(series.metric, []).append(variant)
    return {"metrics": [{"name": metric, "variants": variants} for metric, variants in metrics.items()]}


# --- names ---


async def get_scalar_metrics_and_variants(call: Call, request: requests.TaskRequest) -> dict[str, Any]:
    """The variants of each scalar metric."""
    return {"metrics": _by_metric(await _series(call, request.model_events, [request.task], "training_stats_scalar"))}


async def get_vector_metrics_and_variants(call: Call, request: requests.TaskRequest) -> dict[str, Any]:
    """The variants of each metric that has vectors."""
    return {"metrics": _by_metric(await _series(call, request.model_events, [request.task], "training_stats_vector"))}


async def get_task_metrics(call: Call, request: requests.TaskMetricsRequest) -> dict[str, Any]:
    """The names of metrics, task by task."""
    found: dict[str, dict[str, None]] = {task: {} for task in request.tasks}
    for series in await _series(call, request.model_events, request.tasks, request.event_type):
        found[series.entity][series.metric] = None
    return {"metrics": [{"task": task, "metrics": sorted(metrics)} for task, metrics in found.items()]}


async def get_multi_task_metrics(call: Call, request: requests.MultiMetricsRequest) -> dict[str, Any]:
    """The names of metrics and variants that any of the tasks has."""
    metrics = _by_metric(await _series(call, request.model_events, request.tasks, request.event_type))
    return {"metrics": [{"metric": metric, "variants": variants} for metric, variants in sorted(metrics.items())]}


async def _series(call: Call, model_events: bool, tasks: Sequence[str], event_type: str | None) -> list[SeriesInfo]:
    kind = kind_of(model_events)
    await lookup(call, kind, tasks)
    if event_type == "log":
        return []
    return await call.events.series(kind, tasks, [cast(SeriesType, event_type)] if event_type else ())


def _by_metric(series: list[SeriesInfo]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for item in series:
        found.setdefault(item.metric, set()).add(item.variant)
    return {metric: sorted(variants) for metric, variants in found.items()}


async def vector_metrics_iter_histogram(call: Call, request: requests.VectorRequest) -> dict[str, Any]:
    """The vectors of one variant by iteration."""
    kind = kind_of(request.model_events)
    await lookup(call, kind, [request.task])
    query = SampleQuery(
        kind, [request.task], "training_stats_vector", [MetricFilter(request.metric, [request.variant])], order="asc"
    )
    samples = (await call.events.samples(query)).samples
    return {
        "metric": request.metric,
        "variant": request.variant,
        "iterations": [sample.iteration for sample in samples],
        "vectors": [numbers(sample.vector) for sample in samples],
    }
