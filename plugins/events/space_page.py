"""The page that shows what events cost, project by project."""

from __future__ import annotations

from typing import Any

from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.plugins.events.keeping import EventsSettings

__all__ = ["space_panel"]

COLUMNS = {
    "scalars": ("training_stats_scalar", "training_stats_vector"),
    "logs": ("log",),
    "plots": ("plot",),
    "samples": ("training_debug_image",),
}


def space_panel(settings: EventsSettings) -> Panel:
    """The page, which also says how long events are kept."""

    async def space(page: Page) -> dict[str, Any]:
        found = await page.call("events.get_space", {"by": "project"})
        rows = [_row(page, item) for item in found["projects"]]
        return {"title": "Space of events", "rows": rows, "bytes": found["bytes"], "retention": _retention(settings)}

    return Panel(
        PanelKind.SETTINGS_PAGE,
        "events_space",
        "Space of events",
        space,
        "events_space.html",
        "/settings/space",
        icon="chart",
        order=200,
    )


def _row(page: Page, item: dict[str, Any]) -> dict[str, Any]:
    sizes = {name: sum(item["types"].get(kind, {"bytes": 0})["bytes"] for kind in kinds) for name, kinds in COLUMNS.items()}
    href = page.url(f"/projects/{item['id']}/overview") if item["id"] else ""
    return {"name": item["name"], "href": href, "events": item["events"], "bytes": item["bytes"], **sizes}


def _retention(settings: EventsSettings) -> str:
    days = settings.retention_days
    general = f"Events are deleted after {days} days." if days else "Events are kept for ever."
    return f"{general} Some projects have their own rule." if settings.retention_projects else general
