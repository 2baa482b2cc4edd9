"""The comparison of tasks or models: the page knows which ones, its script reads and draws the rest."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data

LIMIT = 100
MODEL_TABS = {
    "details": "Details",
    "network": "Network",
    "scalars": "Scalars",
    "values": "Values",
    "plots": "Plots",
}
TABS = {
    "details": "Details",
    "parameters": "Parameters",
    "scalars": "Scalars",
    "values": "Values",
    "plots": "Plots",
    "samples": "Samples",
}


class ComparePlugin(Plugin):
    """The comparison of tasks and of models."""

    name = "ui-compare"
    summary = "Comparison of tasks and models: details, parameters, scalars, values, plots, samples"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page; its address says everything: ``/compare?ids=…&tab=…``."""
        return [Panel(PanelKind.PAGE, "compare", "Compare", compare, "compare.html", "/compare")]


async def compare(page: Page) -> dict[str, Any]:
    """Context of the comparison: the tasks (``ids=``) or models (``models=``) that exist, in the order of the address."""
    kind = "model" if "models" in page.query else "task"
    parameter, titles = ("models", MODEL_TABS) if kind == "model" else ("ids", TABS)
    ids = [part for part in page.query.get(parameter, "").split(",") if part][:LIMIT]
    things = await _read(page, kind, ids) if ids else []
    tab = page.query.get("tab", "")
    tab = tab if tab in titles else "details" if kind == "model" else "scalars"
    title = f"Compare {len(things)} {kind}s"
    query = urlencode({parameter: ",".join(ids)}, safe=",")
    return {
        "title": title,
        "section": f"{kind}s",
        "crumbs": [{"title": f"{kind.title()}s", "href": page.url(f"/{kind}s")}, {"title": title}],
        "tabs": [
            {"name": name, "title": text, "href": page.url(f"/compare?{query}&tab={name}")} for name, text in titles.items()
        ],
        "tab": tab,
        "data": {"things": things, "tab": tab, "kind": kind},
    }


async def _read(page: Page, kind: str, ids: list[str]) -> list[Data]:
    """The names of what is compared; ids that don't exist are left out."""
    fields = ["name", "ready" if kind == "model" else "status", "project.name"]
    body = {"id": ids, "search_hidden": True, "only_fields": fields, "page": 0, "page_size": LIMIT}
    rows = (await page.call(f"{kind}s.get_all_ex", body)).get(f"{kind}s", [])
    found: dict[str, Data] = {row["id"]: row for row in rows}
    return [found[key] for key in dict.fromkeys(ids) if key in found]
