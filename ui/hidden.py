"""Datasets and pipelines live in hidden projects, one each: lists of them, their tasks, and what the client wrote of these."""

from __future__ import annotations

import re
from typing import Any

from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt, in_archive

LIMIT = 500


async def hidden_projects(page: Page, kind: str, task_type: str) -> list[Data]:
    """The projects that hold datasets or pipelines (``kind`` is their system tag), the last changed first.

    ``q`` in the address is searched in names, ``tag`` asks for a tag, ``order=name`` sorts by name. Each has ``title`` (its
    name), ``place`` (the project above), ``runs``, ``counts`` by status, ``files``, ``size``.
    """
    query, tag, order = filters(page)
    body: Data = {
        "name": rf"/\.{kind}s/",
        "system_tags": [kind],
        "search_hidden": True,
        "shallow_search": False,
        "include_stats": True,
        "include_stats_filter": {"system_tags": [kind], "type": [task_type]},
        "include_dataset_stats": kind == "dataset",
        "stats_for_state": "active",
        "order_by": ["name" if order == "name" else "-last_update"],
        "only_fields": ["name", "tags", "last_update", "system_tags"],
        "page": 0,
        "page_size": LIMIT,
    }
    if tag:
        body["tags"] = [tag]
    if query:
        body["_any_"] = {"fields": ["name"], "pattern": re.escape(query)}
    return [_row(project, kind) for project in (await page.call("projects.get_all_ex", body))["projects"]]


def filters(page: Page) -> tuple[str, str, str]:
    """What the address of a list says: ``q``, ``tag`` and ``order``."""
    return page.query.get("q", ""), page.query.get("tag", ""), page.query.get("order", "")


async def list_context(page: Page, kind: str, task_type: str) -> Data:
    """What the templates of both lists need: rows, filters, the tags there are."""
    query, tag, order = filters(page)
    rows = await hidden_projects(page, kind, task_type)
    known = await attempt(page, "projects.get_project_tags", {"filter": {"system_tags": [kind]}})
    filtered = {"query": query, "tag": tag, "order": order, "filtered": bool(query or tag)}
    return {"rows": rows, "tags": sorted({*known.get("tags", []), *([tag] if tag else [])}), **filtered}


def _row(project: Data, kind: str) -> Data:
    place, _, title = str(project["name"]).partition(f"/.{kind}s/")
    active: Data = (project.get("stats") or {}).get("active") or {}
    files: Data = project.get("dataset_stats") or {}
    return {
        "id": project["id"],
        "title": title,
        "place": place,
        "tags": project.get("tags") or [],
        "last_update": project.get("last_update") or "",
        "runs": active.get("total_tasks") or 0,
        "counts": active.get("status_count") or {},
        "files": files.get("file_count"),
        "size": files.get("total_size"),
    }


async def project_of(page: Page, kind: str) -> Data:
    """The hidden project that the address names: {id, title, place}; raises 400/401 for an unknown one."""
    found: dict[str, Any] = (await page.call("projects.get_by_id", {"project": page.params["project"]}))["project"]
    place, _, title = str(found["name"]).partition(f"/.{kind}s/")
    return {"id": found["id"], "title": title or found["name"], "place": place}


async def tasks_of(page: Page, project: str, fields: list[str], most: int, types: list[str] | None = None) -> list[Data]:
    """The tasks of a hidden project, the last changed first; ``archived=1`` in the address asks for those in the archive."""
    body: Data = {
        "project": [project],
        "system_tags": in_archive(page.query.get("archived") == "1"),
        "search_hidden": True,
        "order_by": ["-last_update"],
        "only_fields": fields,
        "page": 0,
        "page_size": most,
    }
    if types:
        body["type"] = types
    found: list[Data] = (await page.call("tasks.get_all_ex", body))["tasks"]
    return found


async def configurations(page: Page, tasks: list[str], names: list[str]) -> dict[str, dict[str, str]]:
    """The texts of the configuration objects with these names, by task and name; a task without any may be absent."""
    if not tasks:
        return {}
    found = await attempt(page, "tasks.get_configurations", {"tasks": tasks, "names": names})
    return {
        row["task"]: {str(item["name"]): str(item.get("value") or "") for item in row.get("configuration") or []}
        for row in found.get("configurations", [])
    }
