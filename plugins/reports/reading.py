"""Reading reports, and what they show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import query
from trackyard.core.entities import TASK, Project, table_of
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request
from trackyard.core.query import in_use
from trackyard.core.store import Document
from trackyard.plugins.reports.changes import FOLDER
from trackyard.plugins.reports.requests import ImagesWanted, MetricVariants, ReportsQuery, TaskDataQuery

ONLY_REPORTS = {"type": ["report"], "search_hidden": True}
EVENTS = ("plots", "debug_images", "scalar_metrics_iter_histogram", "single_value_metrics", "model_events")


async def get_all_ex(call: Call, request: ReportsQuery) -> Document:
    """Read reports, with references. A project stands for the reports that are kept in its folder, too."""
    body = {**call.body, **ONLY_REPORTS}
    projects = call.body.get("project")
    if projects and not request.include_subprojects:
        body["project"] = await call.metadata.read(lambda session: _with_folders(session, projects))
    return (await query.page(call.metadata, TASK, body, call.identity, expand=True)).answer("tasks")


def _with_folders(session: Session, projects: Any) -> list[Any]:
    given = projects if isinstance(projects, list) else [projects]
    table = table_of(Project)
    folders = select(table.c.id).where(table.c.parent.in_([str(one) for one in given]), table.c.basename == FOLDER)
    return [*given, *session.execute(folders).scalars()]


async def get_tags(call: Call, request: Request) -> Document:
    """The tags of all reports."""

    def work(session: Session) -> list[str]:
        return in_use.tags(session, TASK, query.conditions(session, TASK, ONLY_REPORTS, call.identity))

    return {"tags": await call.metadata.read(work)}


async def get_task_data(call: Call, request: TaskDataQuery) -> Document:
    """Read tasks (or models) and, in one answer, those of their events that a report shows."""
    kind = "models" if request.model_events else "tasks"
    body = {name: value for name, value in call.body.items() if name not in EVENTS}
    answer: Document = {"tasks": (await call.kernel.call(f"{kind}.get_all_ex", body, call.identity))[kind]}
    shown = [task["id"] for task in answer["tasks"]]
    if shown:
        answer |= await _events(call, request, shown)
    return answer


async def _events(call: Call, request: TaskDataQuery, tasks: list[str]) -> Document:
    found: Document = {}
    common = {"tasks": tasks, "model_events": request.model_events}
    if request.plots:
        wanted = request.plots
        body = {**common, "iters": wanted.iters, "last_iters_per_task_metric": wanted.last_iters_per_task_metric}
        found["plots"] = (await _ask(call, "get_multi_task_plots", body, wanted.metrics, no_scroll=True))["plots"]
    if request.debug_images:
        found["debug_images"] = await _images(call, request.debug_images, tasks, model_events=request.model_events)
    if request.scalar_metrics_iter_histogram:
        curves = request.scalar_metrics_iter_histogram
        body = {**common, "key": curves.key, "samples": curves.samples}
        answer = await _ask(call, "multi_task_scalar_metrics_iter_histogram", body, curves.metrics)
        found["scalar_metrics_iter_histogram"] = answer["metrics"]
    if request.single_value_metrics is not None:
        found["single_value_metrics"] = (await _ask(call, "get_task_single_value_metrics", common, []))["tasks"]
    return found


async def _images(call: Call, images: ImagesWanted, tasks: list[str], *, model_events: bool) -> list[Any]:
    wanted = [{"metric": one.metric, "variants": one.variants} for one in images.metrics] or [{}]
    body = {
        "metrics": [{"task": task, **one} for task in tasks for one in wanted],
        "iters": images.iters,
        "model_events": model_events,
    }
    found: list[Any] = (await call.kernel.call("events.debug_images", body, call.identity))["metrics"]
    return found


async def _ask(call: Call, action: str, body: Document, metrics: list[MetricVariants], **more: Any) -> Document:
    wanted = [{"metric": one.metric, "variants": one.variants} for one in metrics]
    given = {**body, **more, **({"metrics": wanted} if wanted else {})}
    answer: Document = await call.kernel.call(f"events.{action}", given, call.identity)
    return answer
