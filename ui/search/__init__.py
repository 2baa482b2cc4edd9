"""The search over everything: tasks, projects, models, datasets, pipelines, reports."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt

SHOWN = 20
COMMON = ["name", "tags", "last_update"]
TASK = [*COMMON, "status", "project.name", "type"]
HIDDEN = ["__$not", "archived"]


class SearchPlugin(Plugin):
    """The search over everything."""

    name = "ui-search"
    summary = "Search over tasks, projects, models, datasets, pipelines and reports"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page ``/search?q=…&tab=…``."""
        return [Panel(PanelKind.PAGE, "search", "Search", search, "search.html", "/search")]


def kinds(pattern: str) -> dict[str, tuple[str, str, str, Data]]:
    """By name: title, endpoint, key of its reply, and the query of each kind of thing."""

    def matching(*fields: str) -> Data:
        return {
            "_any_": {"pattern": pattern, "fields": list(fields)},
            "order_by": ["-last_update"],
            "page": 0,
            "page_size": SHOWN,
        }

    hidden = {"search_hidden": True, "shallow_search": False, "only_fields": COMMON}
    tasks = {"system_tags": [*HIDDEN, "__$not", "dataset", "__$not", "pipeline", "__$not", "reports"], "only_fields": TASK}
    return {
        "tasks": ("Tasks", "tasks.get_all_ex", "tasks", matching("id", "name", "comment", "tags") | tasks),
        "projects": (
            "Projects",
            "projects.get_all_ex",
            "projects",
            matching("id", "name", "description") | {"only_fields": COMMON},
        ),
        "models": (
            "Models",
            "models.get_all_ex",
            "models",
            matching("id", "name", "comment") | {"only_fields": [*COMMON, "project.name"], "system_tags": HIDDEN},
        ),
        "datasets": (
            "Datasets",
            "projects.get_all_ex",
            "projects",
            matching("id", "name") | hidden | {"system_tags": ["dataset"]},
        ),
        "pipelines": (
            "Pipelines",
            "projects.get_all_ex",
            "projects",
            matching("id", "name") | hidden | {"system_tags": ["pipeline"]},
        ),
        "reports": (
            "Reports",
            "reports.get_all_ex",
            "tasks",
            matching("id", "name", "comment", "report")
            | {"only_fields": [*COMMON, "status", "project.name"], "system_tags": HIDDEN},
        ),
    }


def as_pattern(text: str) -> str:
    """Text between slashes is a regular expression, everything else is looked for as it stands."""
    return text[1:-1] if re.fullmatch(r"/.+/", text) else re.escape(text)


async def search(page: Page) -> dict[str, Any]:
    """Context of the search: for each kind the first hits."""
    text = page.query.get("q", "").strip()
    queries = kinds(as_pattern(text)) if text else {}
    answers = await asyncio.gather(*(attempt(page, endpoint, body) for _, endpoint, _, body in queries.values()))
    groups = [
        {"name": name, "title": title, "rows": [row | {"href": _link(page, name, row)} for row in answer.get(key, [])]}
        for (name, (title, _, key, _)), answer in zip(queries.items(), answers, strict=True)
    ]
    return {"title": "Search", "text": text, "groups": groups, "shown": SHOWN}


def _link(page: Page, kind: str, row: Data) -> str:
    """Where a hit leads; what has no page of its own is shown as the task or the project that it is."""
    plain = {"tasks": "/tasks/{id}", "projects": "/projects/{id}/tasks"}
    if kind not in plain and f"/{kind}" in {panel.path for panel in page.panels("page")}:
        return page.url(f"/{kind}/{row['id']}")
    stands_for = {"reports": "tasks", "datasets": "projects", "pipelines": "projects"}.get(kind, kind)
    return page.url(plain[stands_for].format(id=row["id"])) if stands_for in plain else ""
