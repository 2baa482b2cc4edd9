"""Serving endpoints: what is served, how it does, on which instances; and what is being loaded."""

from __future__ import annotations

import asyncio
from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt, together
from trackyard.ui.windows import WINDOWS, Window, chosen_window

CHARTS = ("requests_min", "latency_ms")
SHOWN = 50
"""Endpoints whose curves and instances are shown."""
SNIPPET = """\
pip install clearml-serving
clearml-serving create --name "production"
clearml-serving --id <service id> model add --engine sklearn --endpoint "ranker" --model-id <model id>"""


class EndpointsPlugin(Plugin):
    """The page of serving endpoints."""

    name = "ui-endpoints"
    summary = "Page of serving endpoints: requests, latency, instances, what is being loaded"
    needs = ("ui", "serving")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page of endpoints."""
        return [
            Panel(
                PanelKind.PAGE,
                "endpoints",
                "Endpoints",
                endpoints,
                "endpoints.html",
                "/endpoints",
                icon="endpoint",
                order=40,
                nav="system",
            ),
        ]


async def endpoints(page: Page) -> dict[str, Any]:
    """Context of the page: one row per endpoint with curves of the window and its instances."""
    window = chosen_window(page)
    found = await together(page, {"endpoints": ("serving.get_endpoints", {}), "loading": ("serving.get_loading_instances", {})})
    rows: list[Data] = sorted(found["endpoints"].get("endpoints", []), key=lambda row: str(row.get("endpoint")))
    await asyncio.gather(*(_more(page, row, window) for row in rows[:SHOWN]))
    return {
        "title": "Endpoints",
        "rows": rows,
        "loading": found["loading"].get("instances", []),
        "windows": WINDOWS,
        "window": window,
        "refresh": 10,
        "snippet": SNIPPET,
    }


async def _more(page: Page, row: Data, window: Window) -> None:
    """Put the curves and the instances of an endpoint into its row."""
    url = row.get("url") or ""
    period = {**window.period(), "endpoint_url": url, "instance_charts": False}
    calls: dict[str, tuple[str, Data]] = {
        name: ("serving.get_endpoint_metrics_history", {**period, "metric_type": name}) for name in CHARTS
    }
    found = await together(page, calls)
    row["details"] = await attempt(page, "serving.get_endpoint_details", {"endpoint_url": url})
    row["curves"] = {name: [float(value) for value in (found[name].get("total") or {}).get("values", [])] for name in CHARTS}
