"""The table of tasks and the page of a task with its tabs."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.tasks import details, results, table

SDK_TABS = {
    "log": "console",
    "execution": "execution",
    "hyper-params": "configuration",
    "artifacts": "artifacts",
    "metrics": "scalars",
    "plots": "plots",
    "debugImages": "samples",
}


class TasksPlugin(Plugin):
    """The table of tasks and the page of a task."""

    name = "ui-tasks"
    summary = "Table of tasks, and the page of a task with its tabs"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """Two tables (all tasks, those of a project) and the tabs of a task."""
        tab = PanelKind.TASK_TAB
        return [
            Panel(PanelKind.PAGE, "tasks", "Tasks", table.all_tasks, "tasks.html", "/tasks", icon="task", order=25, nav="main"),
            Panel(
                PanelKind.PROJECT_TAB,
                "project_tasks",
                "Tasks",
                table.project_tasks,
                "tasks.html",
                "/projects/{project}/tasks",
                order=10,
            ),
            Panel(tab, "task_overview", "Overview", details.overview, "task_overview.html", "/tasks/{task}/overview", order=10),
            Panel(tab, "task_scalars", "Scalars", results.scalars, "task_scalars.html", "/tasks/{task}/scalars", order=20),
            Panel(tab, "task_plots", "Plots", results.plots, "task_plots.html", "/tasks/{task}/plots", order=30),
            Panel(tab, "task_samples", "Samples", results.samples, "task_samples.html", "/tasks/{task}/samples", order=40),
            Panel(tab, "task_console", "Console", results.console, "task_console.html", "/tasks/{task}/console", order=50),
            Panel(
                tab,
                "task_configuration",
                "Configuration",
                details.configuration,
                "task_configuration.html",
                "/tasks/{task}/configuration",
                order=60,
            ),
            Panel(
                tab, "task_execution", "Execution", details.execution, "task_execution.html", "/tasks/{task}/execution", order=70
            ),
            Panel(
                tab, "task_artifacts", "Artifacts", details.artifacts, "task_artifacts.html", "/tasks/{task}/artifacts", order=80
            ),
            Panel(tab, "task_info", "Info", details.info, "task_info.html", "/tasks/{task}/info", order=90),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The short address of a task, and the addresses that the SDK prints."""
        paths = [
            "/tasks/{task}",
            "/projects/{project}/{kind:tasks|experiments}/{task}",
            "/projects/{project}/{kind:tasks|experiments}/{task}/{tab:.+}",
        ]
        return [Route(Site.WEB, "GET", path, to_task, USER) for path in paths]


async def to_task(visit: Visit) -> web.StreamResponse:
    """Lead to the tab that an address of the SDK (``…/output/log``) means; without one to the overview."""
    last = visit.params.get("tab", "").rpartition("/")[2]
    tab = SDK_TABS.get(last, "overview")
    prefix = visit.request.get(PREFIX, "")
    return web.Response(status=302, headers={"Location": f"{prefix}/tasks/{quote(visit.params['task'], safe='')}/{tab}"})
