"""The comparison of tasks: the page knows which ones, its script reads and draws the rest."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin

LIMIT = 100
TABS = {
    "details": "Details",
    "parameters": "Parameters",
    "scalars": "Scalars",
    "values": "Values",
    "plots": "Plots",
    "samples": "Samples",
}


class ComparePlugin(Plugin):
    """The comparison of tasks."""

    name = "ui-compare"
    summary = "Comparison of tasks: details, parameters, scalars, values, plots, samples"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page; its address says everything: ``/compare?ids=…&tab=…``."""
        return [Panel(PanelKind.PAGE, "compare", "Compare", compare, "compare.html", "/compare")]


async def compare(page: Page) -> dict[str, Any]:
    """Context of the comparison: the tasks that exist, in the order of the address."""
    ids = [part for part in page.query.get("ids", "").split(",") if part][:LIMIT]
    tab = page.query.get("tab", "scalars")
    found = {}
    if ids:
        body = {
            "id": ids,
            "search_hidden": True,
            "only_fields": ["name", "status", "project.name"],
            "page": 0,
            "page_size": LIMIT,
        }
        found = {task["id"]: task for task in (await page.call("tasks.get_all_ex", body)).get("tasks", [])}
    rest = {key: value for key, value in page.query.items() if key != "tab"}
    query = "&".join(f"{key}={value}" for key, value in rest.items() if key == "ids")
    return {
        "title": f"Compare {len(found)} tasks",
        "section": "tasks",
        "crumbs": [{"title": "Tasks", "href": page.url("/tasks")}, {"title": f"Compare {len(found)} tasks"}],
        "tabs": [
            {"name": name, "title": title, "href": page.url(f"/compare?{query}&tab={name}")} for name, title in TABS.items()
        ],
        "tab": tab if tab in TABS else "scalars",
        "data": {"tasks": [found[key] for key in ids if key in found], "tab": tab if tab in TABS else "scalars"},
    }
