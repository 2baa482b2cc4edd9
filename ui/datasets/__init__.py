"""Datasets: the list, and a dataset with its versions, their graph and the content of one."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data, attempt
from trackyard.ui.graph import layout
from trackyard.ui.hidden import hidden_projects, project_of

VERSION_FIELDS = ["name", "status", "tags", "user.name", "started", "last_update", "runtime", "comment", "parent"]
VERSIONS_SHOWN = 200
FILES_SHOWN = 500
SNIPPET = """\
clearml-data create --project Vision --name road-scenes
clearml-data add --files ./images
clearml-data close"""


class DatasetsPlugin(Plugin):
    """The pages of datasets."""

    name = "ui-datasets"
    summary = "List of datasets, and a dataset's versions, their graph and content"
    needs = ("ui", "tasks", "projects")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The list and the page of a dataset."""
        page = PanelKind.PAGE
        return [
            Panel(page, "datasets", "Datasets", datasets, "datasets.html", "/datasets", icon="dataset", order=30, nav="main"),
            Panel(page, "dataset", "Dataset", dataset, "dataset.html", "/datasets/{project}"),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The address that the SDK prints."""
        return [Route(Site.WEB, "GET", "/datasets/simple/{project}/{kind:tasks|experiments}/{task}", to_version, USER)]


async def to_version(visit: Visit) -> web.StreamResponse:
    """Lead to the page of the dataset, with the version chosen."""
    prefix = visit.request.get(PREFIX, "")
    target = f"{prefix}/datasets/{quote(visit.params['project'])}?version={quote(visit.params['task'])}"
    return web.Response(status=302, headers={"Location": target})


async def datasets(page: Page) -> dict[str, Any]:
    """Context of the list."""
    rows = await hidden_projects(page, "dataset", "data_processing")
    return {"title": "Datasets", "rows": rows, "refresh": 15, "snippet": SNIPPET}


async def dataset(page: Page) -> dict[str, Any]:
    """Context of a dataset; ``version`` in the address chooses one, the last otherwise."""
    project = await project_of(page, "dataset")
    body = {
        "project": [project["id"]],
        "system_tags": ["__$not", "archived"],
        "search_hidden": True,
        "order_by": ["-last_update"],
        "only_fields": VERSION_FIELDS,
        "page": 0,
        "page_size": VERSIONS_SHOWN,
    }
    rows = [_version(task) for task in (await page.call("tasks.get_all_ex", body))["tasks"]]
    chosen = next((row for row in rows if row["id"] == page.query.get("version")), rows[0] if rows else None)
    configuration = await _configuration(page, chosen["id"]) if chosen else {}
    here = chosen["id"] if chosen else ""
    parents, items = versions(configuration.get("Dataset Struct", ""), rows, page.url(f"/datasets/{project['id']}"), here)
    head, files = content(configuration.get("Dataset Content", ""))
    crumbs = [{"title": "Datasets", "href": page.url("/datasets")}, {"title": project["title"]}]
    context = {"title": project["title"], "section": "datasets", "crumbs": crumbs, "project": project, "rows": rows}
    shown = {"chosen": chosen, "graph": layout(parents), "items": items, "head": head, "files": files[:FILES_SHOWN]}
    return {**context, **shown, "file_count": len(files), "refresh": 15}


def _version(task: Data) -> Data:
    runtime: Data = task.get("runtime") or {}
    return {
        "id": task["id"],
        "name": task["name"],
        "version": str(runtime.get("version") or ""),
        "status": task.get("status", "unknown"),
        "tags": task.get("tags") or [],
        "user": (task.get("user") or {}).get("name", ""),
        "last_update": task.get("last_update") or "",
        "comment": task.get("comment") or "",
        "files": runtime.get("ds_file_count"),
        "links": runtime.get("ds_link_count"),
        "size": runtime.get("ds_total_size"),
        "compressed": runtime.get("ds_total_size_compressed"),
        "added": runtime.get("ds_change_add"),
        "removed": runtime.get("ds_change_remove"),
        "modified": runtime.get("ds_change_modify"),
    }


async def _configuration(page: Page, task: str) -> dict[str, str]:
    """The texts of a task's configuration objects, by name."""
    found = await attempt(page, "tasks.get_configurations", {"tasks": [task], "names": ["Dataset Struct", "Dataset Content"]})
    items = [item for row in found.get("configurations", []) for item in row.get("configuration") or []]
    return {str(item["name"]): str(item.get("value") or "") for item in items}


def versions(text: str, rows: list[Data], path: str, chosen: str) -> tuple[dict[str, list[str]], dict[str, Data]]:
    """The graph of "Dataset Struct" (JSON written by the client, maybe broken) as parents and boxes; else the rows alone."""
    found = _struct(text)
    known = {row["id"]: row for row in rows}
    parents = {node["job_id"]: [found[key]["job_id"] for key in _keys(node) if key in found] for node in found.values()}
    titles = {node["job_id"]: f"{node.get('name') or ''} {node.get('version') or ''}".strip() for node in found.values()}
    for row in reversed(rows):
        parents.setdefault(row["id"], [])
    items = {}
    for name in parents:
        row = known.get(name, {})
        items[name] = {
            "title": row.get("version") or titles.get(name) or row.get("name") or name,
            "detail": f"{row['files']} files" if row.get("files") is not None else "another dataset" if not row else "",
            "status": row.get("status", "unknown"),
            "href": f"{path}?version={name}" if row else "",
            "current": name == chosen,
        }
    return parents, items


def _keys(node: Data) -> list[str]:
    """The keys of the versions above one."""
    above = node.get("parents")
    return [str(key) for key in above] if isinstance(above, list) else []


def _struct(text: str) -> dict[str, Data]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): node for key, node in found.items() if isinstance(node, dict) and isinstance(node.get("job_id"), str)}


def content(text: str) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of "Dataset Content", a CSV text of the client."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row]
    except csv.Error:
        return [], []
    width = max((len(row) for row in rows), default=0)
    filled = [row + [""] * (width - len(row)) for row in rows]
    return (filled[0], filled[1:]) if filled else ([], [])
