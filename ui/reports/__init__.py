"""Reports: the list, and a report as it is read and written."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.markdown import to_html

FIELDS = ["name", "status", "tags", "system_tags", "project.name", "user.name", "last_update", "comment"]
LIMIT = 200
IFRAME = re.compile(r"<iframe\b[^>]*?\bsrc=[\"']([^\"'\s<>]+)[\"'][^>]*>(?:\s*</iframe>)?", re.IGNORECASE)


class ReportsPlugin(Plugin):
    """The pages of reports."""

    name = "ui-reports"
    summary = "List of reports, and a report to read and to write in Markdown with a preview"
    needs = ("ui", "reports")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The list and the page of a report."""
        page = PanelKind.PAGE
        return [
            Panel(page, "reports", "Reports", reports, "reports.html", "/reports", icon="report", order=60, nav="main"),
            Panel(page, "report", "Report", report, "report.html", "/reports/{report}"),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The preview of what is being written."""
        return [Route(Site.WEB, "POST", "/reports/preview", preview, USER)]


async def reports(page: Page) -> dict[str, Any]:
    """Context of the list: ``q`` is searched in names and texts, ``archived=1`` shows the archive."""
    query, archived = page.query.get("q", ""), page.query.get("archived") == "1"
    body: dict[str, Any] = {
        "only_fields": FIELDS,
        "order_by": ["-last_update"],
        "system_tags": ["__$and", "archived"] if archived else ["__$not", "archived"],
        "search_hidden": True,
        "page": 0,
        "page_size": LIMIT,
    }
    if query:
        body["_any_"] = {"fields": ["name", "report", "comment"], "pattern": re.escape(query)}
    rows = (await page.call("reports.get_all_ex", body))["tasks"]
    for row in rows:
        row["place"] = str((row.get("project") or {}).get("name") or "").removesuffix("/.reports").removesuffix(".reports")
    return {"title": "Reports", "rows": rows, "query": query, "archived": archived, "refresh": 15}


async def report(page: Page) -> dict[str, Any]:
    """Context of a report; raises 400/101 for an unknown one."""
    name = page.params["report"]
    body = {"id": [name], "only_fields": [*FIELDS, "report", "created"], "search_hidden": True}
    found = (await page.call("reports.get_all_ex", body))["tasks"]
    if not found:
        await page.call("tasks.get_by_id", {"task": name})
        raise web.HTTPNotFound
    shown = {"report": "", "comment": "", "tags": [], **found[0]}
    text = shown["report"] or ""
    return {
        "title": shown["name"],
        "section": "reports",
        "crumbs": [{"title": "Reports", "href": page.url("/reports")}, {"title": shown["name"]}],
        "report": shown,
        "text": text,
        "html": await asyncio.to_thread(as_html, text),
        "archived": "archived" in (shown.get("system_tags") or []),
        "editing": page.query.get("edit") == "1" and shown["status"] == "created",
    }


async def preview(visit: Visit) -> web.StreamResponse:
    """The Markdown of the body as HTML."""
    html = await asyncio.to_thread(as_html, await visit.request.text())
    return web.Response(text=str(html), content_type="text/html")


def as_html(text: str) -> Any:
    """Markdown as HTML. Embedded plots (``<iframe>``) become links: a page never runs what a report embeds."""
    return to_html(IFRAME.sub(lambda part: f"[Embedded plot](<{part[1].replace('&amp;', '&')}>)", text))
