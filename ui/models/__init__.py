"""Models: the table with its filters, and the page of a model with its lineage."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import Data, in_archive, together
from trackyard.ui.models.columns import columns_of, segment
from trackyard.ui.models.details import model, results

PAGE_SIZE = 100
FIELDS = [
    "name",
    "framework",
    "tags",
    "system_tags",
    "ready",
    "project.name",
    "user.name",
    "task.name",
    "last_update",
    "created",
]
ORDERS = {"-last_update": "Updated", "-created": "Created", "name": "Name", "framework": "Framework"}
CHOICES = ("q", "framework", "tag", "project", "user", "meta", "state", "archived", "order", "columns")
NAMES: Data = {"only_fields": ["name"], "order_by": ["name"], "page": 0, "page_size": 500}
SNIPPET = """\
from clearml import Task, OutputModel

task = Task.init(project_name="Vision/Segmentation", task_name="baseline")
OutputModel(task=task, name="unet", framework="PyTorch").update_weights("unet.pt")"""


class ModelsPlugin(Plugin):
    """The pages of models."""

    name = "ui-models"
    summary = "Table of models, and a model's page with metadata, labels and lineage"
    needs = ("ui", "models")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The table and the page of a model."""
        page = PanelKind.PAGE
        return [
            Panel(page, "models", "Models", models, "models.html", "/models", icon="model", order=50, nav="main"),
            Panel(page, "model", "Model", model, "model.html", "/models/{model}"),
            Panel(page, "model_scalars", "Scalars", results, "model_scalars.html", "/models/{model}/scalars"),
            Panel(page, "model_plots", "Plots", results, "model_plots.html", "/models/{model}/plots"),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The addresses that the SDK prints."""
        paths = ["/projects/{project}/models/{model}", "/projects/{project}/models/{model}/{tab:.*}"]
        return [Route(Site.WEB, "GET", path, to_model, USER) for path in paths]


async def to_model(visit: Visit) -> web.StreamResponse:
    """Lead to the page of the model."""
    prefix = visit.request.get(PREFIX, "")
    return web.Response(status=302, headers={"Location": f"{prefix}/models/{visit.params['model']}"})


async def models(page: Page) -> dict[str, Any]:
    """Context of the table: the address has the filters, ``columns``, ``order`` and ``page``."""
    chosen = {name: page.query.get(name, "") for name in CHOICES}
    columns = columns_of(chosen["columns"])
    query = filters(chosen, {column.field for column in columns})
    number = int(page.query.get("page", "0")) if page.query.get("page", "0").isdecimal() else 0
    found = await together(
        page,
        {
            "models": (
                "models.get_all_ex",
                query | {"page": number, "page_size": PAGE_SIZE, "only_fields": [*FIELDS, *(column.field for column in columns)]},
            ),
            "projects": ("projects.get_all_ex", NAMES),
            "users": ("users.get_all_ex", NAMES),
            "frameworks": ("models.get_frameworks", {}),
            "tags": ("organization.get_tags", {}),
        },
    )
    rows = found["models"].get("models", [])
    return {
        "title": "Models",
        "rows": rows,
        "chosen": chosen,
        "filtered": any(chosen[name] for name in CHOICES if name not in ("order", "columns")) or number > 0,
        "columns": columns,
        "projects": [(row["id"], row["name"]) for row in found["projects"].get("projects", [])],
        "users": [(row["id"], row["name"]) for row in found["users"].get("users", [])],
        "data": {
            "query": query,
            "columns": [{"key": column.key, "title": column.title, "field": column.field} for column in columns],
        },
        "frameworks": sorted(name for name in found["frameworks"].get("frameworks", []) if name),
        "tags": sorted(found["tags"].get("tags", [])),
        "orders": ORDERS,
        "before": _address(chosen, number - 1) if number else "",
        "after": _address(chosen, number + 1) if len(rows) == PAGE_SIZE else "",
        "refresh": 15,
        "snippet": SNIPPET,
    }


def filters(chosen: dict[str, str], fields: Collection[str] = ()) -> Data:
    """The filters of an address as those of ``models.get_all_ex``; ``fields`` may be sorted by, too."""
    known = chosen["order"] in ORDERS or chosen["order"].removeprefix("-") in fields
    body: Data = {"order_by": [chosen["order"] if known else "-last_update"]}
    body["system_tags"] = in_archive(chosen["archived"] == "1")
    if chosen["q"]:
        body["_any_"] = {"fields": ["name", "id", "comment"], "pattern": re.escape(chosen["q"])}
    if chosen["framework"]:
        body["framework"] = [chosen["framework"]]
    if chosen["tag"]:
        body["tags"] = ["__$and", chosen["tag"]]
    for name in ("project", "user"):
        if chosen[name]:
            body[name] = [chosen[name]]
    key, _, value = chosen["meta"].partition("=")
    if key and value:
        body[f"metadata.{segment(key.strip())}.value"] = [value.strip()]
    if chosen["state"] in ("published", "draft"):
        body["ready"] = chosen["state"] == "published"
    return body


def _address(chosen: dict[str, str], number: int) -> str:
    return "/models?" + urlencode({name: value for name, value in chosen.items() if value} | {"page": number})
