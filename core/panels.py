"""Parts of the web UI that plugins register: pages, tabs, cards, settings pages; and what their handlers are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web
from trackyard.core.identity import USER, Identity, Permission
from trackyard.core.protocol.envelope import encode
from trackyard.core.routes import Visit

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


class PanelKind(StrEnum):
    """Where a panel is shown."""

    PAGE = "page"
    TASK_TAB = "task_tab"
    PROJECT_TAB = "project_tab"
    DASHBOARD_CARD = "dashboard_card"
    SETTINGS_PAGE = "settings_page"


PREFIX = web.RequestKey("prefix", str)
"""Where a request keeps the path prefix under which the web site is seen."""

STATIC: web.RequestKey[dict[str, str]] = web.RequestKey("static", dict)
"""Where a request keeps the version of each plugin's static files."""

PanelHandler = Callable[["Page"], Awaitable["dict[str, Any] | web.StreamResponse"]]


@dataclass(frozen=True)
class Panel:
    """One part of the UI.

    ``path`` is the route of a page, a tab or a settings page (``/tasks/{task}/scalars``); a card has none. ``handler``
    gives the context of ``template`` (found in the plugin's ``templates`` folder), or a whole response. ``nav`` puts a
    page into the left rail: ``main``, ``system`` or ``bottom``. Lower ``order`` comes first.
    """

    kind: PanelKind
    name: str
    title: str
    handler: PanelHandler
    template: str = ""
    path: str = ""
    icon: str = ""
    order: int = 100
    nav: str = ""
    permission: Permission = USER


class Page(Visit):
    """One visit of a panel: a `Visit` with what templates need."""

    def __init__(self, kernel: Kernel, identity: Identity, request: web.Request, panel: Panel) -> None:
        super().__init__(kernel, identity, request)
        object.__setattr__(self, "panel", panel)

    panel: Panel

    async def call(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """As `Visit.call`, with the values that a client gets over HTTP: dates are text with ``+00:00``."""
        return msgspec.json.decode(encode(await super().call(name, body)))

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query string (the last of repeated ones is in ``request.query``)."""
        return self.request.query

    @property
    def prefix(self) -> str:
        """The path prefix under which the site is seen, without a slash at its end."""
        return str(self.request.get(PREFIX, ""))

    def url(self, path: str) -> str:
        """``path`` (which begins with a slash) as the browser must ask for it."""
        return self.prefix + path

    def static(self, plugin: str, path: str) -> str:
        """A file of a plugin's ``static`` folder as the browser must ask for it: the path names the folder's version."""
        versions: dict[str, str] = self.request.get(STATIC, {})
        return self.url("/".join(part for part in ("/static", plugin, versions.get(plugin, ""), path) if part))

    def panels(self, kind: PanelKind | str) -> list[Panel]:
        """The panels of a kind (or of its name, in templates) that the user may see, in order."""
        return [panel for panel in self.kernel.panels(PanelKind(kind)) if panel.permission.allows(self.identity)]
