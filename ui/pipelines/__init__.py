"""Pipelines: the list, and a pipeline with its runs and the steps of one, drawn as a graph with live statuses."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.clock import now
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data, attempt
from trackyard.ui.graph import MOST, layout
from trackyard.ui.hidden import hidden_projects, project_of

RUN_FIELDS = ["name", "status", "tags", "user.name", "started", "completed", "last_update", "runtime", "hyperparams.Args"]
RUNS_SHOWN = 100
SNIPPET = """\
from clearml import PipelineController

pipe = PipelineController(name="nightly", project="Vision", version="1.0.0")
pipe.add_step(name="prepare", base_task_project="Vision", base_task_name="prepare data")
pipe.add_step(name="train", parents=["prepare"], base_task_project="Vision", base_task_name="baseline")
pipe.start()"""


class PipelinesPlugin(Plugin):
    """The pages of pipelines."""

    name = "ui-pipelines"
    summary = "List of pipelines, and a pipeline's runs with their steps as a live graph"
    needs = ("ui", "tasks", "projects")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The list and the page of a pipeline."""
        page = PanelKind.PAGE
        return [
            Panel(
                page, "pipelines", "Pipelines", pipelines, "pipelines.html", "/pipelines", icon="pipeline", order=40, nav="main"
            ),
            Panel(page, "pipeline", "Pipeline", pipeline, "pipeline.html", "/pipelines/{project}"),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The address that the SDK prints."""
        return [Route(Site.WEB, "GET", "/pipelines/{project}/{kind:tasks|experiments}/{task}", to_run, USER)]


async def to_run(visit: Visit) -> web.StreamResponse:
    """Lead to the page of the pipeline, with the run chosen."""
    prefix = visit.request.get(PREFIX, "")
    target = f"{prefix}/pipelines/{quote(visit.params['project'])}?run={quote(visit.params['task'])}"
    return web.Response(status=302, headers={"Location": target})


async def pipelines(page: Page) -> dict[str, Any]:
    """Context of the list."""
    rows = await hidden_projects(page, "pipeline", "controller")
    return {"title": "Pipelines", "rows": rows, "refresh": 10, "snippet": SNIPPET}


async def pipeline(page: Page) -> dict[str, Any]:
    """Context of a pipeline; ``run`` in the address chooses one, the last otherwise."""
    project = await project_of(page, "pipeline")
    body = {
        "project": [project["id"]],
        "type": ["controller"],
        "system_tags": ["__$not", "archived"],
        "search_hidden": True,
        "order_by": ["-last_update"],
        "only_fields": RUN_FIELDS,
        "page": 0,
        "page_size": RUNS_SHOWN,
    }
    rows = [_run(task) for task in (await page.call("tasks.get_all_ex", body))["tasks"]]
    chosen = next((row for row in rows if row["id"] == page.query.get("run")), rows[0] if rows else None)
    found = steps(await _configuration(page, chosen["id"])) if chosen else {}
    jobs = await _jobs(page, found)
    crumbs = [{"title": "Pipelines", "href": page.url("/pipelines")}, {"title": project["title"]}]
    context = {"title": project["title"], "section": "pipelines", "crumbs": crumbs, "project": project, "rows": rows}
    graph = layout({name: step["parents"] for name, step in found.items()})
    items = {name: box(name, step, jobs.get(step["job"], {}), page.url("")) for name, step in found.items()}
    return {**context, "chosen": chosen, "graph": graph, "items": items, "refresh": 5}


def _run(task: Data) -> Data:
    arguments: Data = (task.get("hyperparams") or {}).get("Args") or {}
    return {
        "id": task["id"],
        "name": task["name"],
        "status": task.get("status", "unknown"),
        "version": str((task.get("runtime") or {}).get("version") or ""),
        "tags": task.get("tags") or [],
        "user": (task.get("user") or {}).get("name", ""),
        "started": task.get("started") or "",
        "seconds": seconds(task),
        "arguments": [{"name": name, "value": str(item.get("value", ""))} for name, item in sorted(arguments.items())],
    }


def seconds(task: Data) -> int | None:
    """How long a task took, or has taken so far; none before it began."""
    started = task.get("started")
    if not started:
        return None
    end = task.get("completed")
    until = datetime.fromisoformat(end) if end else now()
    return max(0, int((until - datetime.fromisoformat(started)).total_seconds()))


async def _configuration(page: Page, task: str) -> str:
    found = await attempt(page, "tasks.get_configurations", {"tasks": [task], "names": ["Pipeline"]})
    items = [item for row in found.get("configurations", []) for item in row.get("configuration") or []]
    return str(items[0].get("value") or "") if items else ""


def steps(text: str) -> dict[str, Data]:
    """The steps of the object "Pipeline" (JSON written by the client, maybe broken): {name: {parents, job, status}}."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): _step(node) for name, node in list(found.items())[:MOST] if isinstance(node, dict)}


def _step(node: Data) -> Data:
    parents = node.get("parents")
    return {
        "parents": [str(parent) for parent in parents] if isinstance(parents, list) else [],
        "job": str(node.get("job_id") or node.get("executed") or ""),
        "status": str(node.get("status") or ""),
    }


async def _jobs(page: Page, found: dict[str, Data]) -> dict[str, Data]:
    """The tasks of the steps, by id."""
    ids = sorted({step["job"] for step in found.values() if step["job"]})
    if not ids:
        return {}
    fields = ["name", "status", "started", "completed"]
    body = {"id": ids, "only_fields": fields, "search_hidden": True, "page": 0, "page_size": len(ids)}
    return {task["id"]: task for task in (await attempt(page, "tasks.get_all_ex", body)).get("tasks", [])}


WORDS = {
    "created": "waits for its parents",
    "queued": "queued",
    "in_progress": "running",
    "completed": "completed",
    "published": "published",
    "failed": "failed",
    "stopped": "aborted",
    "cached": "taken from the cache",
    "skipped": "skipped",
}


def box(name: str, step: Data, job: Data, prefix: str) -> Data:
    """The box of a step: its status is that of its task, or what the pipeline says of it."""
    status = job.get("status") or step["status"] or "created"
    taken = seconds(job)
    return {
        "title": name,
        "detail": WORDS.get(status, status) + (f", {_short(taken)}" if taken is not None else ""),
        "status": status,
        "href": f"{prefix}/tasks/{job['id']}" if job else "",
        "current": status == "in_progress",
    }


def _short(taken: int) -> str:
    if taken < 60:
        return f"{taken} s"
    return f"{taken // 60} min" if taken < 3600 else f"{taken // 3600} h {taken % 3600 // 60:02d} min"
