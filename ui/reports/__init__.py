"""Reports: the list, and a report as it is read and written."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from secrets import token_hex
from typing import Any

from aiohttp import web
from markupsafe import Markup
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui.calls import attempt, in_archive
from trackyard.ui.markdown import to_html
from trackyard.ui.widgets import own_frame

FIELDS = ["name", "status", "tags", "system_tags", "project.name", "user.name", "last_update", "comment"]
LIMIT = 200
IFRAME = re.compile(r"<iframe\b([^>]*)>(?:\s*</iframe>)?", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\b(src|height|name)\s*=\s*["']?([^"'\s<>]+)["']?""", re.IGNORECASE)
HEIGHTS = (120, 1200)
"""Least and greatest height of an embedded plot in pixels."""


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
    """Context of the list: ``q`` is searched in names and texts; ``tag``, ``order=name`` and ``archived=1`` choose."""
    query, tag, order = (page.query.get(name, "") for name in ("q", "tag", "order"))
    archived = page.query.get("archived") == "1"
    body: dict[str, Any] = {
        "only_fields": FIELDS,
        "order_by": ["name" if order == "name" else "-last_update"],
        "system_tags": in_archive(archived),
        "search_hidden": True,
        "page": 0,
        "page_size": LIMIT,
    }
    if query:
        body["_any_"] = {"fields": ["name", "report", "comment"], "pattern": re.escape(query)}
    if tag:
        body["tags"] = [tag]
    rows = [
        {"tags": [], "comment": "", **row, "place": place_of(row)}
        for row in (await page.call("reports.get_all_ex", body))["tasks"]
    ]
    tags = sorted((await attempt(page, "reports.get_tags", {})).get("tags", []))
    context = {"title": "Reports", "rows": rows, "query": query, "archived": archived, "refresh": 15}
    return {**context, "tags": tags, "tag": tag, "order": order}


def place_of(report: dict[str, Any]) -> str:
    """The project of a report, without the folder that keeps reports."""
    return str((report.get("project") or {}).get("name") or "").removesuffix("/.reports").removesuffix(".reports")


async def report(page: Page) -> dict[str, Any]:
    """Context of a report; raises 400/101 for an unknown one."""
    name = page.params["report"]
    body = {"id": [name], "only_fields": [*FIELDS, "report", "created", "report_assets"], "search_hidden": True}
    found = (await page.call("reports.get_all_ex", body))["tasks"]
    if not found:
        await page.call("tasks.get_by_id", {"task": name})
        raise web.HTTPNotFound
    shown = {"report": "", "comment": "", "tags": [], **found[0]}
    text, archived = shown["report"] or "", "archived" in (shown.get("system_tags") or [])
    facts = {key: shown[key] for key in ("id", "name", "status", "tags", "comment")}
    return {
        "title": shown["name"],
        "section": "reports",
        "crumbs": [{"title": "Reports", "href": page.url("/reports")}, {"title": shown["name"]}],
        "report": shown,
        "facts": {**facts, "archived": archived, "assets": shown.get("report_assets") or []},
        "place": place_of(shown),
        "text": text,
        "html": await asyncio.to_thread(as_html, page, text),
        "archived": archived,
        "editing": page.query.get("edit") == "1" and shown["status"] == "created" and not archived,
    }


async def preview(visit: Visit) -> web.StreamResponse:
    """The Markdown of the body as HTML."""
    html = await asyncio.to_thread(as_html, visit, await visit.request.text())
    return web.Response(text=str(html), content_type="text/html")


def as_html(visit: Visit, text: str) -> Markup:
    """Markdown as HTML. Embedded plots (``<iframe>``) of this site become frames of our own page; others become links."""
    frames: dict[str, Markup] = {}

    def keep(found: re.Match[str]) -> str:
        given = {name.lower(): unescape(value) for name, value in ATTRIBUTE.findall(found[1])}
        source = own_frame(visit, given.get("src", ""))
        if source is None:
            return f"[Embedded plot](<{given['src']}>)" if "src" in given else ""
        # no text of a user can name the place: it is random
        place = f"frame{token_hex(12)}"
        frames[place] = _frame(source, given.get("height", ""))
        return place

    html = to_html(IFRAME.sub(keep, text))
    for place, frame in frames.items():
        html = Markup(html.replace(place, frame))  # noqa: S704 - the frame is escaped below
    return html


def _frame(source: str, height: str) -> Markup:
    """A frame of our page of embedded plots, as high as its code says within limits."""
    pixels = int(height) if height.isdecimal() and len(height) < 6 else 400
    shown = min(max(pixels, HEIGHTS[0]), HEIGHTS[1])
    return Markup('<iframe class="embedded" src="{}" height="{}" loading="lazy" title="Embedded plot"></iframe>').format(
        source, shown
    )
