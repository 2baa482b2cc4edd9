"""Another web application at the root of the web site: a build of the official one, as files of a folder.

The folder holds what a build of a single page application holds: ``index.html``, scripts and styles with a hash in their name.
An address that names no file is a route of the application and gets ``index.html``. What the application asks for before it
starts (``configuration.json``, ``env.js``, ``version.json`` …) says where this server's API and files are.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import mimetypes
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from trackyard.core.errors import ApiError
from trackyard.core.identity import PUBLIC
from trackyard.core.panels import PREFIX
from trackyard.core.paths import PathError, resolve, storage_path
from trackyard.core.routes import OWN_PLACE, Route, Site, Visit
from trackyard.ui.home.start import server_urls

INDEX, WIDGETS = "index.html", "widgets"
HASHED = re.compile(r"[.-][0-9A-Za-z_]{8,}\.\w+$")
BASE = re.compile(r"<base\s[^>]*>", re.IGNORECASE)
FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
TEXTS = {"text/css", "text/html", "text/javascript", "text/plain", "application/json"}
OPTIONAL = {"version.json": {"version": "1.14.0-000"}, "server_changes.json": {}, "onboarding.json": {}, "credentials.json": {}}
"""Files that the application asks for although a build may be without them, and what it gets then."""
SCRIPTS = "'self' 'unsafe-eval' blob:"
POLICY = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data: blob: http: https:; media-src 'self' blob: http: https:; connect-src 'self' {servers} https:; "
    "frame-src 'self' blob: http: https:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)


def routes(folder: Path) -> list[Route]:
    """The routes of the root of the web site for the build in ``folder``."""

    async def serve(visit: Visit) -> web.StreamResponse:
        return await send(visit, folder)

    return [Route(Site.ROOT, "GET", "/{path:.*}", serve, PUBLIC)]


async def send(visit: Visit, folder: Path) -> web.StreamResponse:
    """A file of the build, one of the files that say where this server is, or the application for one of its routes."""
    path, prefix = visit.params["path"], str(visit.request.get(PREFIX, ""))
    if path in ("configuration.json", "env.js") or path in OPTIONAL:
        return await asyncio.to_thread(_told, visit, folder, path)
    found = await asyncio.to_thread(_file, folder, path)
    if _is_ours(visit, path) or (found is None and path.rstrip("/") == WIDGETS):
        location = f"{prefix}{OWN_PLACE}/{quote(path)}?{visit.request.rel_url.raw_query_string}"
        return web.Response(status=302, headers={"Location": location})
    if found is not None and found.name != INDEX:
        return web.FileResponse(found, headers=_headers(found))
    if found is None and Path(path).suffix.lower() in mimetypes.types_map | TYPES:
        raise ApiError(404, 0, "The web application has no such file", path=path)
    return await asyncio.to_thread(_page, visit, found or folder / INDEX)


def _is_ours(visit: Visit, path: str) -> bool:
    """Addresses that only the pages of Trackyard know: one-time login links and other ways to log in."""
    if path == "login" and "token" in visit.request.query:
        return True
    ways = [method.path.strip("/") for method in visit.kernel.plugins.provided("login_methods") if method.path]
    return any(path == way or path.startswith(f"{way}/") for way in ways)


def _file(folder: Path, path: str) -> Path | None:
    """The file of the build that a path names; a folder stands for its ``index.html``. None: there is none."""
    try:
        found = resolve(folder, storage_path(path or INDEX))
    except PathError:
        return None
    if found.is_dir():
        found /= INDEX
    is_inside = found.resolve().is_relative_to(folder.resolve())
    return found if is_inside and found.is_file() else None


def _headers(path: Path) -> dict[str, str]:
    kind = TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    encoded = f"{kind}; charset=utf-8" if kind in TEXTS else kind
    return {"Content-Type": encoded, "Cache-Control": FOR_EVER if HASHED.search(path.name) else ASK_AGAIN}


def _told(visit: Visit, folder: Path, name: str) -> web.Response:
    """What the application reads before it starts; the build's own file is kept as far as it says something."""
    file, prefix = folder / name, str(visit.request.get(PREFIX, ""))
    text = file.read_text() if file.is_file() else ""
    if name == "env.js":
        add = f"window.__env = Object.assign(window.__env || {{}}, {json.dumps({'subPath': prefix})});\n" if prefix else ""
        body, kind = f"{text}\n{add}", "text/javascript"
    else:
        own = _configuration(visit, prefix) if name == "configuration.json" else OPTIONAL[name]
        body, kind = json.dumps({**own, **_object(text)}), "application/json"
    return web.Response(text=body, content_type=kind, headers={"Cache-Control": ASK_AGAIN})


def _configuration(visit: Visit, prefix: str) -> dict[str, Any]:
    """Where the API and the files are; files are known by the address that clients store."""
    urls = server_urls(visit)
    shown = {"apiServer": urls["api"], "filesServer": urls["files"]}
    return {"apiBaseUrl": f"{prefix}/api", "fileBaseUrl": urls["files"], "displayedServerUrls": shown}


def _object(text: str) -> dict[str, Any]:
    """The values that a JSON file of the build gives; a broken file gives none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {key: value for key, value in found.items() if value is not None} if isinstance(found, dict) else {}


def _page(visit: Visit, index: Path) -> web.Response:
    """The page of the application, with the path it is shown under, and a policy that lets its own code run."""
    prefix = str(visit.request.get(PREFIX, ""))
    text = index.read_text()
    if prefix:
        base = f'<base href="{prefix}/">'
        text = BASE.sub(base, text, 1) if BASE.search(text) else text.replace("<head>", f"<head>{base}", 1)
    headers = {"Cache-Control": ASK_AGAIN, "Content-Security-Policy": policy(text, visit)}
    return web.Response(text=text, content_type="text/html", headers=headers)


class _Inline(HTMLParser):
    """Collects the code that stands in a page: scripts, and handlers of events."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.code: list[str] = []
        self.handlers: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note handlers, and whether what follows is code."""
        self.handlers += [value for name, value in attrs if name.startswith("on") and value]
        self._in_script = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        """Note the code of a script."""
        if self._in_script:
            self.code.append(data)

    def handle_endtag(self, tag: str) -> None:
        """A script has ended."""
        self._in_script = False


def policy(page: str, visit: Visit) -> str:
    """A content policy under which exactly the code of this page and the build's files run.

    The application makes code from text (for charts) and writes styles into elements: both have to be allowed.
    """
    inline = _Inline(page)
    parts = [SCRIPTS, *(_hash(code) for code in inline.code + inline.handlers), *(["'unsafe-hashes'"] if inline.handlers else [])]
    urls = server_urls(visit)
    return POLICY.format(scripts=" ".join(parts), servers=f"{urls['api']} {urls['files']}")


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
