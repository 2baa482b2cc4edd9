"""Pipelines: the list, and a pipeline with its runs and the steps of one, drawn as a graph with live statuses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data
from trackyard.ui.graph import layout
from trackyard.ui.hidden import configurations, list_context, project_of, tasks_of
from trackyard.ui.pipelines.steps import cell, jobs, steps
from trackyard.ui.run_details import details, seconds

RUN_FIELDS = [
    *("name", "status", "tags", "system_tags", "user.name", "started", "completed", "status_changed"),
    *("last_update", "runtime", "hyperparams.Args"),
]
RUNS_SHOWN = 100
MATRIX_ROWS, MATRIX_COLUMNS = 30, 24
"""Runs and steps of the matrix; the graph shows all steps of the chosen run."""
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
    return {"title": "Pipelines", "refresh": 10, "snippet": SNIPPET, **await list_context(page, "pipeline", "controller")}


async def pipeline(page: Page) -> dict[str, Any]:
    """Context of a pipeline; in the address ``run`` chooses one (the last otherwise), ``step`` the task that the panel shows."""
    project = await project_of(page, "pipeline")
    archived = page.query.get("archived") == "1"
    rows = [_run(task) for task in await tasks_of(page, project["id"], RUN_FIELDS, RUNS_SHOWN, ["controller"])]
    chosen = next((row for row in rows if row["id"] == page.query.get("run")), rows[0] if rows else None)
    shown = page.query.get("step") or page.query.get("run") or ""
    matrix = await _matrix(page, rows, project["id"], chosen, shown)
    crumbs = [{"title": "Pipelines", "href": page.url("/pipelines")}, {"title": project["title"]}]
    context = {"title": project["title"], "section": "pipelines", "crumbs": crumbs, "project": project, "rows": rows}
    panel = await details(page, shown) if shown else None
    return {**context, **matrix, "chosen": chosen, "panel": panel, "archived": archived, "refresh": 5}


async def _matrix(page: Page, rows: list[Data], project: str, chosen: Data | None, shown: str) -> Data:
    """The graph of the chosen run, and the steps of the last runs: each row gets ``cells`` in the order of ``columns``."""
    first = rows[:MATRIX_ROWS]
    wanted = [*first, *([chosen] if chosen and chosen not in first else [])]
    texts = await configurations(page, [row["id"] for row in wanted], ["Pipeline"])
    runs = {row["id"]: steps(texts.get(row["id"], {}).get("Pipeline", "")) for row in wanted}
    tasks = await jobs(page, {step["job"] for found in runs.values() for step in found.values() if step["job"]})
    current = runs.get(chosen["id"], {}) if chosen else {}
    columns = list(dict.fromkeys([*_in_order(current), *(name for found in runs.values() for name in found)]))[:MATRIX_COLUMNS]
    base = page.url(f"/pipelines/{project}")
    drawn = {
        run: {name: cell(name, step, tasks.get(step["job"], {}), f"{base}?run={run}", shown) for name, step in found.items()}
        for run, found in runs.items()
    }
    for row in rows:
        row["cells"] = [drawn.get(row["id"], {}).get(name) for name in columns]
    graph = layout({name: step["parents"] for name, step in current.items()})
    items = drawn.get(chosen["id"], {}) if chosen else {}
    return {"graph": graph, "items": items, "columns": columns, "base": base}


def _in_order(found: dict[str, Data]) -> list[str]:
    """The steps from left to right."""
    boxes = layout({name: step["parents"] for name, step in found.items()}).boxes
    return sorted(boxes, key=lambda name: boxes[name])


def _run(task: Data) -> Data:
    arguments: Data = (task.get("hyperparams") or {}).get("Args") or {}
    return {
        "id": task["id"],
        "name": task["name"],
        "status": task.get("status", "unknown"),
        "version": str((task.get("runtime") or {}).get("version") or ""),
        "tags": task.get("tags") or [],
        "system_tags": task.get("system_tags") or [],
        "user": (task.get("user") or {}).get("name", ""),
        "started": task.get("started") or "",
        "seconds": seconds(task),
        "arguments": [
            {"name": name, "value": str(item.get("value", "")), "type": str(item.get("type") or "")}
            for name, item in sorted(arguments.items())
        ],
    }
