"""Automation: the services of plugins, how each stands, and forms from their typed settings."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin


class AutomationPlugin(Plugin):
    """The page of the services of plugins."""

    name = "ui-automation"
    summary = "Page of automation services: state, last and next run, errors, settings, start and stop"
    needs = ("ui", "services")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """One page."""
        more = {"icon": "service", "order": 31, "nav": "system"}
        return [Panel(PanelKind.PAGE, "automation", "Automation", automation, "automation.html", "/automation", **more)]  # type: ignore[arg-type]


async def automation(page: Page) -> dict[str, Any]:
    """Context of the page: every installed service with its tasks; what runs comes first."""
    services = (await page.call("services.get_all"))["services"]
    for service in services:
        service["tasks"].sort(key=lambda task: (not task["hosted"], task["status"] != "queued"))
    return {"title": "Automation", "services": services, "refresh": 10}
