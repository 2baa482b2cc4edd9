"""The page of one model."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt, project_crumbs
from trackyard.ui.links import file_link
from trackyard.ui.markdown import to_html

FIELDS = [
    "name",
    "framework",
    "tags",
    "system_tags",
    "ready",
    "uri",
    "comment",
    "design",
    "labels",
    "metadata",
    "created",
    "last_update",
    "last_iteration",
    "project.name",
    "user.name",
    "task.name",
    "task.status",
    "parent.name",
]
USERS_SHOWN = 100


async def model(page: Page) -> dict[str, Any]:
    """Context of the page of a model; raises 400/400 for an unknown one."""
    name = page.params["model"]
    found = (await page.call("models.get_all_ex", {"id": [name], "only_fields": FIELDS}))["models"]
    if not found:
        await page.call("models.get_by_id", {"model": name})
    shown = {"task": None, "project": None, "user": None, "parent": None, "comment": "", **found[0]}
    uri = str(shown.get("uri") or "")
    return {
        "title": shown["name"],
        "section": "models",
        "crumbs": [{"title": "Models", "href": page.url("/models")}, *await _place(page, shown)],
        "model": shown,
        "archived": "archived" in (shown.get("system_tags") or []),
        "link": file_link(page, uri) if uri else "",
        "description": to_html(shown["comment"] or ""),
        "design": _design(shown.get("design")),
        "labels": sorted((shown.get("labels") or {}).items(), key=lambda item: (item[1], item[0])),
        "metadata": _metadata(shown.get("metadata") or {}),
        "users": await _users(page, name),
        "refresh": 15,
    }


async def results(page: Page) -> dict[str, Any]:
    """Context of the tabs whose script reads what the model has reported: curves and plots."""
    context = await model(page)
    shown = context["model"]
    return context | {"refresh": 0, "data": {"task": shown["id"], "name": shown["name"], "model": True}}


async def _place(page: Page, shown: Data) -> list[dict[str, str]]:
    """The project of the model, and the model itself."""
    crumbs = await project_crumbs(page, shown["project"], {"title": shown["name"]})
    return crumbs[1:]


async def _users(page: Page, name: str) -> list[Data]:
    """The tasks that took the model as an input."""
    body = {
        "models.input.model": [name],
        "only_fields": ["name", "status", "type", "project.name", "user.name", "last_update"],
        "order_by": ["-last_update"],
        "search_hidden": True,
        "page": 0,
        "page_size": USERS_SHOWN,
    }
    tasks: list[Data] = (await attempt(page, "tasks.get_all_ex", body)).get("tasks", [])
    return tasks


def _metadata(found: Any) -> list[Data]:
    """Entries as {key, type, value}, by key."""
    entries = found.values() if isinstance(found, dict) else found
    rows = [{"key": "", "type": "", "value": "", **entry} for entry in entries]
    return sorted(rows, key=lambda entry: str(entry["key"]))


def _design(found: Any) -> str:
    """The network as text: clients put a text into ``design``, or any document."""
    if not found:
        return ""
    if isinstance(found, dict) and set(found) == {"design"}:
        found = found["design"]
    return found if isinstance(found, str) else msgspec.json.format(msgspec.json.encode(found)).decode()
