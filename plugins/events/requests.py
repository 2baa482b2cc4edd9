"""What the endpoints of ``events`` are asked; the names are those of the protocol."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from trackyard.core.contracts.events import MetricFilter
from trackyard.core.protocol.requests import Request, Size

__all__ = [
    "BatchSize",
    "ClearLogRequest",
    "ClearScrollRequest",
    "DeleteModelRequest",
    "DeleteTaskRequest",
    "DownloadLogRequest",
    "EventType",
    "ImageSampleRequest",
    "LogRequest",
    "MetricVariants",
    "MultiMetricsRequest",
    "MultiPlotsRequest",
    "MultiScalarsRequest",
    "NextSampleRequest",
    "PlotSampleRequest",
    "RawScalarsRequest",
    "SamplesRequest",
    "ScalarDataRequest",
    "ScalarsRequest",
    "SingleValuesRequest",
    "TaskEventsRequest",
    "TaskMetricsRequest",
    "TaskPlotsRequest",
    "TaskRequest",
    "VectorRequest",
    "filters",
]

Key = Literal["iter", "timestamp", "iso_time"]
EventType = Literal["training_stats_scalar", "training_stats_vector", "training_debug_image", "plot", "log"]
Samples = Annotated[int, msgspec.Meta(ge=1, le=6000)]
BatchSize = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class MetricVariants(Request, kw_only=True):
    """A metric, and those of its variants that are asked for (none: all)."""

    metric: str = ""
    variants: list[str] | None = None


def filters(metrics: list[MetricVariants] | None) -> list[MetricFilter]:
    """The store's filters; none selects everything."""
    return [MetricFilter(item.metric, item.variants or ()) for item in metrics or []]


class TaskRequest(Request, kw_only=True):
    """Asks about the events of one task or, with ``model_events``, one model."""

    task: str
    model_events: bool = False


class ScalarsRequest(TaskRequest, kw_only=True):
    """Asks for curves. ``x_range`` (both ends, in the unit of the key; times in ms) bounds them."""

    samples: Samples = 2000
    key: Key = "iter"
    metrics: list[MetricVariants] = []
    x_range: list[float | None] = []


class MultiScalarsRequest(Request, kw_only=True):
    """Asks for curves of several tasks."""

    tasks: Annotated[list[str], msgspec.Meta(min_length=1)]
    samples: Samples = 2000
    key: Key = "iter"
    metrics: list[MetricVariants] = []
    x_range: list[float | None] = []
    model_events: bool = False


class RawScalarsRequest(TaskRequest, kw_only=True):
    """Asks for every point of one metric in pages."""

    metric: MetricVariants
    key: Key = "iter"
    batch_size: BatchSize = 10_000
    count_total: bool = False
    scroll_id: str | None = None


class SingleValuesRequest(Request, kw_only=True):
    """Asks for the single values of tasks."""

    tasks: list[str]
    metrics: list[MetricVariants] = []
    model_events: bool = False


class ScalarDataRequest(Request, kw_only=True):
    """Asks for the points of one metric as events."""

    task: str
    metric: str
    scroll_id: str | None = None
    no_scroll: bool = False
    model_events: bool = False


class VectorRequest(TaskRequest, kw_only=True):
    """Asks for the vectors of one variant."""

    metric: str
    variant: str


class TaskMetricsRequest(Request, kw_only=True):
    """Asks for the names of metrics, task by task."""

    tasks: list[str]
    event_type: EventType | None = None
    model_events: bool = False


class MultiMetricsRequest(TaskMetricsRequest, kw_only=True):
    """Asks for the names of metrics and variants of several tasks together."""


class TaskEventsRequest(TaskRequest, kw_only=True):
    """Asks for events in pages of whole iterations."""

    order: Literal["asc", "desc"] = "asc"
    scroll_id: str | None = None
    batch_size: BatchSize = 500
    event_type: EventType | None = None
    metrics: list[MetricVariants] = []


class LogRequest(Request, kw_only=True):
    """Asks for a page of a log; see the endpoint for the directions."""

    task: str
    batch_size: Size = 5000
    navigate_earlier: bool = True
    from_timestamp: float | None = None
    order: Literal["asc", "desc"] | None = None


class DownloadLogRequest(Request, kw_only=True):
    """Asks for a whole log as text."""

    task: str
    line_type: Literal["json", "text"] = "json"
    line_format: str = "{asctime} {worker} {level} {msg}"


class ClearLogRequest(Request, kw_only=True):
    """Asks for log records to be deleted: those older than ``threshold_sec``, of some metrics, or all."""

    task: str
    allow_locked: bool = False
    threshold_sec: int | None = None
    include_metrics: list[str] = []
    exclude_metrics: list[str] = []


class DeleteTaskRequest(Request, kw_only=True):
    """Asks for all events of a task to be deleted."""

    task: str
    allow_locked: bool = False


class DeleteModelRequest(Request, kw_only=True):
    """Asks for all events of a model to be deleted."""

    model: str
    allow_locked: bool = False


class ClearScrollRequest(Request, kw_only=True):
    """Says that a scroll is over."""

    scroll_id: str


class TaskPlotsRequest(TaskRequest, kw_only=True):
    """Asks for the newest plots of each variant."""

    iters: Size = 1
    scroll_id: str | None = None
    metrics: list[MetricVariants] = []
    no_scroll: bool = False


class MultiPlotsRequest(Request, kw_only=True):
    """Asks for the newest plots of several tasks. ``last_iters_per_task_metric``: the newest iterations of a metric, not of
    each of its variants."""

    tasks: list[str]
    iters: Size = 1
    scroll_id: str | None = None
    no_scroll: bool = False
    model_events: bool = False
    last_iters_per_task_metric: bool = True
    metrics: list[MetricVariants] = []


class TaskMetricVariants(Request, kw_only=True):
    """Metrics of a task: one with some of its variants, or all."""

    task: str
    metric: str | None = None
    variants: list[str] | None = None


class SamplesRequest(Request, kw_only=True):
    """Asks for the debug images or plots of some iterations, and by the scroll for those before or after."""

    metrics: list[TaskMetricVariants]
    iters: Size = 1
    navigate_earlier: bool = True
    refresh: bool = False
    scroll_id: str | None = None
    model_events: bool = False


class PlotSampleRequest(TaskRequest, kw_only=True):
    """Asks for the plots of a metric at an iteration (none: the newest)."""

    metric: str
    iteration: int | None = None
    refresh: bool = False
    scroll_id: str | None = None
    navigate_current_metric: bool = True


class ImageSampleRequest(PlotSampleRequest, kw_only=True):
    """Asks for the debug image of a variant at an iteration (none: the newest)."""

    variant: str


class NextSampleRequest(TaskRequest, kw_only=True):
    """Asks for the sample after or before the one that the scroll stands at."""

    scroll_id: str
    navigate_earlier: bool = True
    next_iteration: bool = False
