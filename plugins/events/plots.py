"""Plots and debug images: the newest ones, and iteration by iteration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trackyard.core.contracts.events import EntityKind, MetricFilter, Sample, SampleQuery, SampleType
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events.entities import kind_of, lookup, names_of
from trackyard.plugins.events.requests import MultiPlotsRequest, SamplesRequest, TaskPlotsRequest, filters
from trackyard.plugins.events.scrolls import Scrolls
from trackyard.plugins.events.shapes import open_cursor, sample_event, seal_cursor

__all__ = ["Iterations", "get_multi_task_plots", "get_task_plots"]

PAGE = 200
"""Plots of one page; without scrolling there is one page only."""


async def get_task_plots(call: Call, request: TaskPlotsRequest) -> dict[str, Any]:
    """The newest plots of each variant, newest iteration first."""
    kind = kind_of(request.model_events)
    await lookup(call, kind, [request.task])
    query = SampleQuery(kind, [request.task], "plot", filters(request.metrics), newest=request.iters)
    samples = (await call.events.samples(query)).samples
    page, scroll_id = _page(samples, request.scroll_id, request.no_scroll)
    plots = [sample_event(sample, request.model_events) for sample in page]
    return {"plots": plots, "returned": len(plots), "total": len(samples), "scroll_id": scroll_id}


async def get_multi_task_plots(call: Call, request: MultiPlotsRequest) -> dict[str, Any]:
    """The newest plots of several tasks, by metric, variant, task and iteration."""
    kind = kind_of(request.model_events)
    names = await names_of(call, kind, request.tasks)
    query = SampleQuery(kind, list(names), "plot", filters(request.metrics), newest=request.iters)
    samples = (await call.events.samples(query)).samples
    if request.last_iters_per_task_metric:
        samples = _newest_of_metrics(samples, request.iters)
    page, scroll_id = _page(samples, request.scroll_id, request.no_scroll)
    plots: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for sample in page:
        tasks = plots.setdefault(sample.metric, {}).setdefault(sample.variant, {}).setdefault(sample.entity, {})
        place = tasks.setdefault(str(sample.iteration), {"name": names[sample.entity], "plots": []})
        place["plots"].append(sample_event(sample, request.model_events))
    return {"plots": plots, "returned": len(page), "total": len(samples), "scroll_id": scroll_id}


def _page(samples: list[Sample], scroll_id: str | None, no_scroll: bool) -> tuple[list[Sample], str | None]:
    """The page that a scroll id stands for, and the next id; all at once without scrolling."""
    if no_scroll:
        return samples, None
    start = max(open_cursor(scroll_id) or 0, 0)
    page = samples[start : start + PAGE]
    return page, seal_cursor(start + len(page))


def _newest_of_metrics(samples: list[Sample], count: int) -> list[Sample]:
    """Those of the newest iterations of their task and metric."""
    iterations: dict[tuple[str, str], set[int]] = {}
    for sample in samples:
        iterations.setdefault((sample.entity, sample.metric), set()).add(sample.iteration)
    kept = {key: set(sorted(found)[-count:]) for key, found in iterations.items()}
    return [sample for sample in samples if sample.iteration in kept[sample.entity, sample.metric]]


# --- iteration by iteration ---


@dataclass(slots=True)
class _Shown:
    """The iterations that a scroll shows now, by task."""

    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


class Iterations:
    """``events.debug_images`` and ``events.plots``."""

    def __init__(self, kind: SampleType) -> None:
        self._type = kind
        self._scrolls: Scrolls[_Shown] = Scrolls()

    def drop(self, scroll_id: str) -> None:
        """Forget a scroll."""
        self._scrolls.drop(scroll_id)

    async def page(self, call: Call, request: SamplesRequest) -> dict[str, Any]:
        """The newest iterations of each task; with a scroll those before (or after) the ones shown last.

        At either end there is nothing, and the scroll stays where it is.
        """
        kind = kind_of(request.model_events)
        tasks = _filters_by_task(request)
        await lookup(call, kind, list(tasks))
        shown = None if request.refresh else self._scrolls.get(request.scroll_id)
        state = shown or _Shown()
        metrics = []
        for task, wanted in tasks.items():
            samples = await self._samples(call, kind, task, wanted, request, state)
            if samples:
                state.first[task] = min(sample.iteration for sample in samples)
                state.last[task] = max(sample.iteration for sample in samples)
            metrics.append({"task": task, "iterations": _by_iteration(samples, request.model_events)})
        return {"scroll_id": self._scrolls.put(request.scroll_id, state), "metrics": metrics}

    async def _samples(
        self, call: Call, kind: EntityKind, task: str, wanted: list[MetricFilter], request: SamplesRequest, state: _Shown
    ) -> list[Sample]:
        """The samples of the iterations to show, newest first."""
        start = end = None
        if task in state.first:
            start = None if request.navigate_earlier else state.last[task] + 1
            end = state.first[task] - 1 if request.navigate_earlier else None
        query = SampleQuery(kind, [task], self._type, wanted, start, end, payload=False)
        iterations = sorted({sample.iteration for sample in (await call.events.samples(query)).samples}, reverse=True)
        later = start is not None
        chosen = iterations[-request.iters :] if later else iterations[: request.iters]
        if not chosen:
            return []
        page = await call.events.samples(SampleQuery(kind, [task], self._type, wanted, chosen[-1], chosen[0]))
        return page.samples


def _filters_by_task(request: SamplesRequest) -> dict[str, list[MetricFilter]]:
    """The metrics asked for by task; none stands for all."""
    everything = {item.task for item in request.metrics if not item.metric}
    found: dict[str, list[MetricFilter]] = {}
    for item in request.metrics:
        mine = found.setdefault(item.task, [])
        if item.task not in everything and item.metric:
            mine.append(MetricFilter(item.metric, item.variants or ()))
    return found


def _by_iteration(samples: Iterable[Sample], model_event: bool) -> list[dict[str, Any]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for sample in samples:
        found.setdefault(sample.iteration, []).append(sample_event(sample, model_event))
    return [{"iter": iteration, "events": events} for iteration, events in found.items()]
