"""The web site: panels rendered by Jinja, static files of plugins, security headers, the prefix of a proxy."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp_jinja2
import jinja2
from aiohttp import web
from trackyard.core import panels
from trackyard.core.errors import ApiError
from trackyard.core.identity import ANONYMOUS, Access, Identity, Permission
from trackyard.core.ids import new_id
from trackyard.core.panels import Page, Panel
from trackyard.core.sites.security import secure_headers

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

LOGIN_PATH = "/login"
log = logging.getLogger(__name__)


def plugin_folders(kernel: Kernel, folder: str) -> dict[str, Path]:
    """The folder ``templates`` or ``static`` beside the module of each usable plugin, by the plugin's name."""
    found = {}
    for record in kernel.plugins.records.values():
        if record.kind is not None and record.plugin is not None and record.provided:
            file = importlib.import_module(record.kind.__module__).__file__
            path = Path(file or ".").parent / folder
            if path.is_dir():
                found[record.name] = path
    return found


def set_up_templates(app: web.Application, kernel: Kernel) -> None:
    """Give the application a Jinja environment: autoescaping, strict, with every plugin's templates."""
    folders = plugin_folders(kernel, "templates")
    loaders = [jinja2.FileSystemLoader(path) for path in folders.values()]
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.ChoiceLoader([*loaders, jinja2.PrefixLoader(dict(zip(folders, loaders, strict=True)), ":")]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        enable_async=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def identify_visitor(kernel: Kernel, request: web.Request, permission: Permission) -> Identity:
    """Who visits; raises `ApiError` 401 and 403 as the permission asks."""
    if permission.access is Access.PUBLIC:
        return ANONYMOUS
    try:
        identity = await kernel.identify(request, navigable=True)
    except ApiError as error:
        if permission.access is Access.OPTIONAL and error.code == 401:
            return ANONYMOUS
        raise
    if not permission.allows(identity):
        raise ApiError(403, 20, "Your role does not allow this page", role=identity.role)
    return identity


def panel_handler(kernel: Kernel, panel: Panel) -> Any:
    """The aiohttp handler of a panel: identity, handler, template; errors become pages."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            identity = await identify_visitor(kernel, request, panel.permission)
        except ApiError as error:
            if error.code == 401:
                return _to_login(request)
            return await _error_page(kernel, request, panel, ANONYMOUS, error)
        try:
            return await _render(Page(kernel, identity, request, panel))
        except ApiError as error:
            return await _error_page(kernel, request, panel, identity, error)
        except Exception:
            number = new_id()
            log.exception("page %s failed, request %s", panel.name, number)
            failure = ApiError(500, 0, "This page failed; the server's log says why", request=number)
            return await _error_page(kernel, request, panel, identity, failure)

    return handle


async def _render(page: Page) -> web.StreamResponse:
    context = await page.panel.handler(page)
    if isinstance(context, web.StreamResponse):
        return context
    return await _html(page, page.panel.template, context)


async def _html(page: Page, template: str, context: dict[str, Any], status: int = 200) -> web.Response:
    """The template, rendered in a thread: templates are read from files, and a large page takes its time."""
    text = await asyncio.to_thread(aiohttp_jinja2.render_string, template, page.request, {"page": page, **context})
    return web.Response(text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"})


def _to_login(request: web.Request) -> web.Response:
    prefix = request.get(panels.PREFIX, "")
    return web.Response(status=302, headers={"Location": f"{prefix}{LOGIN_PATH}?next={quote(request.path_qs)}"})


async def _error_page(kernel: Kernel, request: web.Request, panel: Panel, identity: Identity, error: ApiError) -> web.Response:
    status = 404 if error.code == 400 else error.code
    page = Page(kernel, identity, request, panel)
    try:
        return await _html(page, "error.html", {"error": error}, status)
    except jinja2.TemplateNotFound:
        return web.Response(status=status, text=error.message)


@web.middleware
async def prefix_middleware(request: web.Request, handler: Any) -> web.StreamResponse:
    """Remember the prefix under which the site is seen, and set the security headers of every answer."""
    request[panels.PREFIX] = request.app[PREFIX]
    request[panels.STATIC] = request.app[STATIC_VERSIONS]
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        secure_headers(error)
        raise
    secure_headers(response)
    return response


PREFIX = web.AppKey("prefix", str)
STATIC_VERSIONS: web.AppKey[dict[str, str]] = web.AppKey("static_versions", dict)


def folder_version(folder: Path) -> str:
    """A short name for the content of a folder: it changes with every change of a file."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


async def _cache_static(request: web.Request, response: web.StreamResponse) -> None:
    """Files under their version never change; the others are asked for again each time."""
    parts = request.rel_url.path.partition("/static/")[2].split("/")
    if len(parts) > 2:
        current = request.get(panels.STATIC, {}).get(parts[0]) == parts[1]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"


def add_static(app: web.Application, kernel: Kernel) -> None:
    """Serve each plugin's ``static`` folder under ``/static/<plugin>/<version>/`` and ``/static/<plugin>/``."""
    app[STATIC_VERSIONS] = {}
    for name, path in plugin_folders(kernel, "static").items():
        version = app[STATIC_VERSIONS][name] = folder_version(path)
        app.router.add_static(f"/static/{name}/{version}/", path, follow_symlinks=False)
        app.router.add_static(f"/static/{name}/", path, follow_symlinks=False)
    app.on_response_prepare.append(_cache_static)
