"""Helpers of page handlers: calls that may fail without failing the page, breadcrumbs, names of projects."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from trackyard.core.errors import ApiError
from trackyard.core.panels import Page

Data = dict[str, Any]
Crumb = dict[str, str]

log = logging.getLogger(__name__)


async def attempt(page: Page, endpoint: str, body: Data, default: Any = None) -> Any:
    """The data of an endpoint, or ``default`` (an empty dict) when it refuses or its plugin is switched off."""
    try:
        return await page.call(endpoint, body)
    except ApiError as error:
        log.info("the page %s does without %s: %s", page.panel.name, endpoint, error.message)
        return {} if default is None else default


def in_archive(archived: bool) -> list[str]:
    """The filter ``system_tags`` for what is in the archive, or for what is not."""
    return ["__$and" if archived else "__$not", "archived"]


async def preferences_of(page: Page) -> Data:
    """What the user has chosen in the pages of this UI."""
    found = await attempt(page, "users.get_preferences", {})
    own: Any = (found.get("preferences") or {}).get("trackyard")
    return own if isinstance(own, dict) else {}


async def pins_of(page: Page) -> list[str]:
    """The metrics that the user has pinned, as `trackyard.ui.metrics.top_metrics` takes them."""
    return pinned(await preferences_of(page))


def pinned(preferences: Data) -> list[str]:
    """The metrics that are pinned in somebody's preferences."""
    pins = preferences.get("pins")
    return [pin for pin in pins if isinstance(pin, str)] if isinstance(pins, list) else []


async def together(page: Page, calls: dict[str, tuple[str, Data]]) -> dict[str, Any]:
    """Several endpoints at once, by name; each may fail as in `attempt`."""
    found = await asyncio.gather(*(attempt(page, endpoint, body) for endpoint, body in calls.values()))
    return dict(zip(calls, found, strict=True))


async def project_crumbs(page: Page, project: Data | None, *more: Crumb) -> list[Crumb]:
    """The way from the projects to a project (``id`` and ``name``), each part a link, and what follows it."""
    crumbs = [{"title": "Projects", "href": page.url("/projects")}]
    if project and project.get("name"):
        names = str(project["name"]).split("/")
        paths = ["/".join(names[: index + 1]) for index in range(len(names) - 1)]
        ids = await _ids_of(page, paths)
        for path in paths:
            crumbs.append(
                {
                    "title": path.rpartition("/")[2],
                    "href": page.url(f"/projects/{ids[path]}/tasks") if path in ids else page.url("/projects"),
                }
            )
        crumbs.append({"title": names[-1], "href": page.url(f"/projects/{project['id']}/tasks")})
    return [*crumbs, *more]


async def _ids_of(page: Page, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    pattern = "|".join(f"^{_literal(name)}$" for name in names)
    body = {
        "_any_": {"fields": ["name"], "pattern": pattern},
        "only_fields": ["name"],
        "search_hidden": True,
        "page": 0,
        "page_size": 50,
    }
    found = await attempt(page, "projects.get_all_ex", body)
    return {row["name"]: row["id"] for row in found.get("projects", [])}


def _literal(text: str) -> str:
    """The text as a pattern that matches only itself."""
    return "".join(f"\\{char}" if char in r".*+?^${}()|[]\/" else char for char in text)
