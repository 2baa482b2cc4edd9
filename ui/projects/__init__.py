"""The tree of projects with what happens in each, and a project's overview."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data, project_crumbs
from trackyard.ui.markdown import to_html
from trackyard.ui.tasks.table import read_project

PAGE_SIZE = 500
FIELDS = [
    "name",
    "basename",
    "parent",
    "description",
    "tags",
    "system_tags",
    "last_update",
    "created",
    "default_output_destination",
]


class ProjectsPlugin(Plugin):
    """The tree of projects."""

    name = "ui-projects"
    summary = "Tree of projects with statistics, and a project's overview"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The tree, and the overview tab of a project."""
        return [
            Panel(
                PanelKind.PAGE,
                "projects",
                "Projects",
                projects,
                "projects.html",
                "/projects",
                icon="folder",
                order=20,
                nav="main",
            ),
            Panel(
                PanelKind.PROJECT_TAB,
                "project_overview",
                "Overview",
                overview,
                "project_overview.html",
                "/projects/{project}/overview",
                order=5,
            ),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The short address of a project."""
        return [Route(Site.WEB, "GET", "/projects/{project}", to_project, USER)]


async def to_project(visit: Visit) -> web.StreamResponse:
    """Lead to the tasks of the project."""
    prefix = visit.request.get(PREFIX, "")
    return web.Response(status=302, headers={"Location": f"{prefix}/projects/{quote(visit.params['project'], safe='')}/tasks"})


async def projects(page: Page) -> dict[str, Any]:
    """Context of the tree: rows in the order of the tree with their depth; ``hidden=1`` shows hidden projects too."""
    hidden = page.query.get("hidden") == "1"
    rows = tree(await _all_projects(page, hidden))
    return {"title": "Projects", "rows": rows, "hidden": hidden, "refresh": 10}


async def overview(page: Page) -> dict[str, Any]:
    """Context of a project's overview: description, statistics, projects inside."""
    project = await read_project(page)
    inside = await page.call(
        "projects.get_all_ex",
        {
            "parent": [project["id"]],
            "include_stats": True,
            "only_fields": FIELDS,
            "order_by": ["name"],
            "page": 0,
            "page_size": PAGE_SIZE,
        },
    )
    return {
        "title": project["name"],
        "section": "projects",
        "project": project,
        "counts": counts(project),
        "description": to_html(project.get("description") or ""),
        "inside": [row | {"counts": counts(row)} for row in inside.get("projects", [])],
        "crumbs": await project_crumbs(page, project),
        "refresh": 10,
        "data": {"id": project["id"], "name": project["name"], "description": project.get("description") or ""},
    }


async def _all_projects(page: Page, hidden: bool) -> list[Data]:
    found: list[Data] = []
    while True:
        body = {
            "include_stats": True,
            "search_hidden": hidden,
            "check_own_contents": True,
            "only_fields": FIELDS,
            "order_by": ["name"],
            "page": len(found) // PAGE_SIZE,
            "page_size": PAGE_SIZE,
        }
        part = (await page.call("projects.get_all_ex", body)).get("projects", [])
        found.extend(part)
        if len(part) < PAGE_SIZE:
            return found


def tree(rows: list[Data]) -> list[Data]:
    """Projects in the order of the tree; each has its ``depth``, ``title`` and ``counts``."""
    known = {row["name"] for row in rows}

    def place(row: Data) -> Data:
        parts = str(row["name"]).split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts)) if "/".join(parts[:end]) in known]
        title = row["name"][len(above[-1]) + 1 :] if above else row["name"]
        return row | {"depth": len(above), "title": title, "counts": counts(row), "parent_name": above[-1] if above else ""}

    placed = [place(row) for row in sorted(rows, key=lambda row: str(row["name"]).lower().split("/"))]
    parents = {row["parent_name"] for row in placed}
    return [row | {"has_children": row["name"] in parents} for row in placed]


def counts(project: Data) -> Data:
    """The numbers that a row shows, from the statistics of the active state."""
    active = (project.get("stats") or {}).get("active") or {}
    status = active.get("status_count") or {}
    return {
        "total": active.get("total_tasks", sum(status.values())),
        "running": status.get("in_progress", 0),
        "queued": status.get("queued", 0),
        "failed": status.get("failed", 0),
        "completed": status.get("completed", 0) + status.get("published", 0) + status.get("closed", 0),
        "day": active.get("completed_tasks_24h", 0),
        "runtime": active.get("total_runtime", 0),
    }
