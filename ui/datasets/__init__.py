"""Datasets: the list, and a dataset with its versions, their graph and the content of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data, together
from trackyard.ui.datasets.versions import content, difference, table, versions
from trackyard.ui.graph import layout
from trackyard.ui.hidden import configurations, list_context, project_of, tasks_of
from trackyard.ui.widgets import is_served

VERSION_FIELDS = ["name", "status", "tags", "system_tags", "user.name", "started", "last_update", "runtime", "comment", "parent"]
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
    context = await list_context(page, "dataset", "data_processing")
    return {"title": "Datasets", "refresh": 15, "snippet": SNIPPET, **context}


async def dataset(page: Page) -> dict[str, Any]:
    """Context of a dataset; ``version`` in the address chooses one (the last otherwise), ``base`` what it is compared with."""
    project = await project_of(page, "dataset")
    archived = page.query.get("archived") == "1"
    rows = [_version(task) for task in await tasks_of(page, project["id"], VERSION_FIELDS, VERSIONS_SHOWN)]
    chosen = next((row for row in rows if row["id"] == page.query.get("version")), rows[0] if rows else None)
    here = chosen["id"] if chosen else ""
    texts = await _texts(page, here)
    path = page.url(f"/datasets/{project['id']}")
    parents, items = versions(texts.get("Dataset Struct", ""), rows, path, here)
    crumbs = [{"title": "Datasets", "href": page.url("/datasets")}, {"title": project["title"]}]
    context = {"title": project["title"], "section": "datasets", "crumbs": crumbs, "project": project, "rows": rows}
    shown = await _content(page, texts.get("Dataset Content", ""), parents.get(here, []), here)
    preview = await _preview(page, here) if here else []
    graph = {"chosen": chosen, "graph": layout(parents), "items": items, "path": path, "archived": archived}
    return {**context, **graph, **shown, "preview": preview, "refresh": 15}


async def _content(page: Page, text: str, parents: list[str], here: str) -> Data:
    """The files of the chosen version, and how they differ from those of the one that the address names, or of its parent."""
    head, rows = content(text)
    base = page.query.get("base") or (parents[0] if parents else "")
    before = content((await _texts(page, base)).get("Dataset Content", ""))[1] if base and base != here else []
    changes = difference(before, rows) if base else []
    names, shown = table(head, rows[:FILES_SHOWN])
    files = {"head": names, "files": shown, "file_count": len(rows)}
    return {**files, "base": base, "changes": changes[:FILES_SHOWN], "change_count": len(changes)}


async def _preview(page: Page, task: str) -> list[str]:
    """The kinds of plots that the version has, as frames name them; none where the page of frames is switched off."""
    if not is_served(page):
        return []
    kinds = {"plot": "plot", "sample": "training_debug_image"}
    calls = {name: ("events.get_task_metrics", Data({"tasks": [task], "event_type": kind})) for name, kind in kinds.items()}
    found = await together(page, calls)
    return [name for name in kinds if any(row.get("metrics") for row in found[name].get("metrics", []))]


def _version(task: Data) -> Data:
    runtime: Data = task.get("runtime") or {}
    return {
        "id": task["id"],
        "name": task["name"],
        "version": str(runtime.get("version") or ""),
        "status": task.get("status", "unknown"),
        "tags": task.get("tags") or [],
        "system_tags": task.get("system_tags") or [],
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
        "change": runtime.get("ds_change_size"),
    }


async def _texts(page: Page, task: str) -> dict[str, str]:
    """What the client wrote of a version, by name."""
    found = await configurations(page, [task] if task else [], ["Dataset Struct", "Dataset Content"])
    return found.get(task, {})
