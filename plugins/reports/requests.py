"""What the endpoints of reports are sent."""

from __future__ import annotations

from typing import Any, Literal

from trackyard.core.protocol.requests import FilteredRequest, Request


class ReportRequest(Request):
    """Names one report; reports are tasks."""

    task: str


class CommentRequest(ReportRequest):
    """Names one report and says something about it."""

    comment: str | None = None


class CreateRequest(Request):
    """A new report in a project; ``report`` is Markdown, ``report_assets`` are the names of its files."""

    name: str
    tags: list[str] | None = None
    comment: str | None = None
    report: str | None = None
    project: str | None = None
    report_assets: list[str] | None = None


class UpdateRequest(ReportRequest):
    """New values of a draft."""

    name: str | None = None
    tags: list[str] | None = None
    comment: str | None = None
    report: str | None = None
    report_assets: list[str] | None = None


class MoveReportRequest(ReportRequest):
    """The project that a report is to be moved to, by its id or its name; an explicit null id is the root."""

    project: str | None = None
    project_name: str | None = None


class DeleteRequest(ReportRequest):
    """Deletes a report that is a draft or archived, with ``force`` any."""

    force: bool = False


class ReportsQuery(FilteredRequest):
    """A list of reports."""

    status: list[str | None] = []
    status_changed: list[str] = []
    include_subprojects: bool = False


class MetricVariants(Request):
    """A metric and some of its variants; none: all."""

    metric: str
    variants: list[str] = []


class PlotsWanted(Request):
    """The plots of the newest ``iters`` iterations."""

    iters: int = 1
    metrics: list[MetricVariants] = []
    last_iters_per_task_metric: bool = True


class ImagesWanted(Request):
    """The debug images of the newest ``iters`` iterations."""

    iters: int = 1
    metrics: list[MetricVariants] = []


class ScalarsWanted(Request):
    """Curves of at most ``samples`` points."""

    samples: int | None = None
    key: Literal["iter", "timestamp", "iso_time"] = "iter"
    metrics: list[MetricVariants] = []


class TaskDataQuery(FilteredRequest):
    """Tasks (or models, with ``model_events``) and what of their events a report shows."""

    type: list[str | None] = []
    status: list[str | None] = []
    parent: list[str | None] = []
    status_changed: list[str] = []
    include_subprojects: bool = False
    plots: PlotsWanted | None = None
    debug_images: ImagesWanted | None = None
    scalar_metrics_iter_histogram: ScalarsWanted | None = None
    single_value_metrics: dict[str, Any] | None = None
    model_events: bool = False
