"""The frame of the web: templates and static files for every page, the login page, and the JavaScript of Plotly."""

from __future__ import annotations

import asyncio
import gzip
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from trackyard.core.extension import Health, HealthCheck
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import PUBLIC
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.version import NEWEST
from trackyard.core.routes import Route, Site, Visit
from trackyard.ui import official

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

SCRIPTS = Path(__file__).parent / "static/js"
IMPORT = re.compile(r"""^import (?:[^;]* from )?"\./([\w.]+)";""", re.MULTILINE)
KEEP = "public, max-age=86400"


class UiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[ui]``: a line of text that the login page shows, and a build of the official web application.

    With ``app_dir``, the folder of a build, that application has the root of the web site, and the pages of Trackyard are below
    ``/trackyard``.
    """

    login_notice: str = ""
    app_dir: str = ""


class UiPlugin(Plugin):
    """The frame of the web and the login page."""

    name = "ui"
    summary = "Frame of the web: layout, login, charts"
    settings_type = UiSettings

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The login page."""
        return [Panel(PanelKind.PAGE, "login", "Log in", self.login, "login.html", "/login", permission=PUBLIC)]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The file of Plotly, and the web application of a folder."""
        own = [Route(Site.WEB, "GET", "/assets/plotly.js", send_plotly, PUBLIC)]
        folder = self._app()
        return [*own, *official.routes(folder)] if self.settings.app_dir and _has_build(folder) else own

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """Whether the folder of the web application holds one."""
        return [] if not self.settings.app_dir else [HealthCheck("web application", self._check_app, critical=False)]

    def _app(self) -> Path:
        return Path(self.settings.app_dir).expanduser()

    async def _check_app(self, kernel: Kernel) -> Health:
        """Whether there is an ``index.html``."""
        folder = self._app()
        is_there = await asyncio.to_thread(_has_build, folder)
        return Health(
            is_there, f"{folder} at the root of the web site" if is_there else f"ui.app_dir: {folder} has no index.html"
        )

    @staticmethod
    def modules(name: str) -> tuple[str, ...]:
        """For templates: what a module imports."""
        return imported(name)

    @staticmethod
    def versions() -> dict[str, str]:
        """For templates: the version of Trackyard and that of the protocol."""
        return {"trackyard": version("trackyard"), "protocol": str(NEWEST)}

    async def login(self, page: Page) -> dict[str, Any]:
        """Context of the login page: where to go afterwards, other ways in, a one-time link's token."""
        methods = [method for method in page.kernel.plugins.provided("login_methods") if method.path]
        return {
            "next": local_path(page.query.get("next", "/").removeprefix(page.prefix)),
            "link": page.query.get("token", ""),
            "methods": methods,
            "notice": self.settings.login_notice,
        }


def _has_build(folder: Path) -> bool:
    return (folder / official.INDEX).is_file()


@cache
def imported(name: str) -> tuple[str, ...]:
    """The modules that a module of ``static/js`` imports when it is loaded, and what they import, by name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        text = (SCRIPTS / waiting.pop()).read_text()
        new = set(IMPORT.findall(text)) - found
        found |= new
        waiting += new
    return tuple(sorted(found))


def local_path(target: str) -> str:
    """``target`` if it is a path on this site, else the home page."""
    parts = urlsplit(target)
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and target.isprintable()
    return target if plain else "/"


def _compressed_plotly(folder: Path) -> Path:
    """The compressed file of Plotly in ``folder``; it is made once for each version of the package."""
    target = folder / f"plotly-{version('plotly')}.js.gz"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source = files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
        partial = target.with_suffix(".partial")
        partial.write_bytes(gzip.compress(source, 6, mtime=0))
        partial.replace(target)
    return target


async def send_plotly(visit: Visit) -> web.StreamResponse:
    """The JavaScript of Plotly, compressed; the browser keeps it for a day and then asks whether it has changed."""
    path = await asyncio.to_thread(_compressed_plotly, visit.kernel.data_dir / "cache")
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Content-Encoding": "gzip", "Cache-Control": KEEP}
    return web.FileResponse(path, headers=headers)
