"""Embedded live plots: the page that reports, wikis and other pages show in a frame (``/widgets/?type=…&objects=…``)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp_jinja2
import msgspec
from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ANONYMOUS, OPTIONAL
from trackyard.core.panels import PREFIX, Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.core.sites.security import POLICY
from trackyard.ui.calls import Data
from trackyard.ui.links import LOOPBACK

TYPES = {"plot": "Plot", "scalar": "Scalars", "sample": "Samples", "single": "Values", "parcoords": "Parallel coordinates"}
MOST = 100
"""Tasks of one frame."""


class WidgetsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[widgets]``: the origins (``https://wiki.example.org``) whose pages may show plots in frames, beside this site."""

    ancestors: list[str] = []


class WidgetsPlugin(Plugin):
    """The page in the frame."""

    name = "ui-widgets"
    summary = "Embedded live plots for reports and other pages"
    table = "widgets"
    settings_type = WidgetsSettings
    settings: WidgetsSettings
    needs = ("ui", "reports")

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The page, with and without the slash; who is not logged in is told so in the frame."""
        return [
            Route(Site.WEB, "GET", "/widgets/", self.widget, OPTIONAL),
            Route(Site.WEB, "GET", "/widgets", with_slash, OPTIONAL),
        ]

    async def widget(self, visit: Visit) -> web.StreamResponse:
        """The page that draws, with the pages that may frame it in its policy."""
        page = Page(visit.kernel, visit.identity, visit.request, FRAME)
        asked = read(page.request.query.items())
        context: Data = {
            "page": page,
            "title": title(asked),
            "asked": asked._asdict(),
            "is_known": page.identity is not ANONYMOUS,
        }
        context |= {"theme": _theme(page), "original": page.url(original(asked)), "is_valid": is_valid(asked)}
        text = await asyncio.to_thread(aiohttp_jinja2.render_string, FRAME.template, page.request, context)
        ancestors = " ".join(["'self'", *map(_origin, self.settings.ancestors)])
        policy = POLICY.replace("frame-ancestors 'self'", f"frame-ancestors {ancestors}")
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
        return web.Response(text=text, content_type="text/html", headers=headers)


async def _nothing(page: Page) -> Data:
    return {}


FRAME = Panel(PanelKind.PAGE, "widget", "Embedded plot", _nothing, "widget.html", "/widgets/", permission=OPTIONAL)
"""What templates are told of the page; it is a route and no panel, because it is not a page of the frame with the rail."""


class Asked(NamedTuple):
    """What an address of a frame asks for; the names are those of its parameters."""

    type: str
    object_type: str
    xaxis: str
    objects: list[str]
    metrics: list[str]
    variants: list[str]


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """The parameters of an address: ``objects``, ``metrics`` and ``variants`` are repeated; ids may be joined by commas."""
    found = [(name.removesuffix("[]"), value) for name, value in pairs if value]
    one = dict(found)
    ids = [part for name, value in found if name == "objects" for part in value.split(",") if part.isalnum()]
    many = {name: list(dict.fromkeys(value for key, value in found if key == name)) for name in ("metrics", "variants")}
    kind = one.get("type", "")
    object_type = "model" if one.get("objectType") == "model" else "task"
    axis = one.get("xaxis", "iter")
    return Asked(kind, object_type, axis, list(dict.fromkeys(ids))[:MOST], many["metrics"], many["variants"])


def is_valid(asked: Asked) -> bool:
    """Whether there is something to draw."""
    return asked.type in TYPES and bool(asked.objects) and bool(asked.metrics or asked.type in ("single", "plot", "sample"))


def title(asked: Asked) -> str:
    """What the frame shows, in words."""
    return f"{TYPES.get(asked.type, 'Plot')}: {', '.join(asked.metrics[:3])}" if asked.metrics else TYPES.get(asked.type, "Plot")


def address(asked: Asked) -> str:
    """The address of a frame, below the prefix, with known parameters only."""
    pairs = [("type", asked.type), ("objectType", asked.object_type), ("xaxis", asked.xaxis)]
    for name in ("objects", "metrics", "variants"):
        pairs += [(name, value) for value in getattr(asked, name)]
    return f"/widgets/?{urlencode(pairs)}"


def own_frame(visit: Visit, source: str) -> str | None:
    """The address (with prefix) of a frame whose ``source`` is this site's page of widgets, else None."""
    parts = urlsplit(source)
    if not is_served(visit):
        return None
    if not parts.path.rstrip("/").endswith("/widgets") or parts.scheme not in ("http", "https", ""):
        return None
    if parts.netloc and not _is_own(visit, f"{parts.scheme}://{parts.netloc}", parts.hostname or ""):
        return None
    asked = read(parse_qsl(parts.query))
    return str(visit.request.get(PREFIX, "")) + address(asked) if is_valid(asked) else None


def is_served(visit: Visit) -> bool:
    """Whether the page of frames is there: its plugin may be switched off."""
    return any(route.path == FRAME.path for route in visit.kernel.plugins.provided("routes"))


def _is_own(visit: Visit, origin: str, host: str) -> bool:
    """Whether a frame of this origin is of this site; on one machine the port may have changed since it was written."""
    here = visit.request.host.rpartition(":")[0] or visit.request.host
    return origin in visit.kernel.authentication.own_origins(visit.request) or {host, here} <= LOOPBACK


def original(asked: Asked) -> str:
    """The page that shows what the frame shows."""
    if not asked.objects:
        return "/"
    if asked.object_type == "model":
        return f"/models/{quote(asked.objects[0])}"
    tabs = {"plot": "plots", "sample": "samples", "scalar": "scalars"}
    if len(asked.objects) > 1 or asked.type == "parcoords":
        tab = "parameters" if asked.type == "parcoords" else tabs.get(asked.type, "values")
        return f"/compare?ids={','.join(map(quote, asked.objects))}&tab={tab}"
    return f"/tasks/{quote(asked.objects[0])}/{tabs.get(asked.type, 'overview')}"


def _theme(page: Page) -> str:
    """``light`` or ``dark`` when the address says so (``theme=dark``, or ``light=false``), else the reader's own."""
    theme = {"true": "light", "false": "dark"}.get(page.query.get("light", ""), page.query.get("theme", ""))
    return theme if theme in ("light", "dark") else ""


def _origin(text: str) -> str:
    """An origin as it may stand in a policy: nothing else can get into the header."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or any(char in text for char in " ;,'\"\r\n"):
        return "'self'"
    return f"{parts.scheme}://{parts.netloc}"


async def with_slash(visit: Visit) -> web.StreamResponse:
    """Lead to the page."""
    prefix, query = str(visit.request.get(PREFIX, "")), visit.request.rel_url.raw_query_string
    return web.Response(status=302, headers={"Location": f"{prefix}/widgets/?{query}"})


__all__ = ["Any", "Asked", "WidgetsPlugin", "address", "own_frame", "read"]
