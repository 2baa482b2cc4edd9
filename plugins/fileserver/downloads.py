"""Downloads: streamed, with ranges and conditions, and such that nothing stored can run in the web application's origin."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from aiohttp import web
from trackyard.core.contracts.files import Reading, StoredFile
from trackyard.core.errors import ApiError
from trackyard.core.paths import PathError, storage_path
from trackyard.core.routes import Visit

MAX_AGE = 300
SHOWN = ("image/", "audio/", "video/", "text/plain", "text/csv", "text/html", "application/pdf", "application/json")
"""Types that a browser may show, always in a sandbox (debug samples are HTML and SVG, too); others are downloads."""

ACTIVE = ("javascript", "ecmascript", "text/css")
"""Types that a page of this site may load as its own code; what is stored must never be that."""

SANDBOX = "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


async def download(visit: Visit) -> web.StreamResponse:
    """A stored file, wholly or a range of it; HEAD tells of it."""
    request = visit.request
    try:
        path = storage_path(visit.params["path"])
    except PathError:
        return not_found(visit)
    stored = await visit.kernel.files.stat(path)
    if stored is None:
        return not_found(visit)
    headers = file_headers(stored, as_attachment="download" in request.query)
    if _is_known(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    start, end, status = wanted_range(request, stored, headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(end - start)
        return web.Response(status=status, headers=headers)
    reading = await visit.kernel.files.open(path, start, end)
    if reading is None:
        return not_found(visit)
    return await _send(request, reading, headers, status, end - start)


def not_found(visit: Visit) -> web.Response:
    """There is no such file."""
    return web.Response(status=404, text="Not found", content_type="text/html")


def file_headers(stored: StoredFile, *, as_attachment: bool) -> dict[str, str]:
    """The headers of a file's answer."""
    name = stored.path.rsplit("/", 1)[-1]
    kind = mimetypes.guess_type(name, strict=False)
    content_type = "application/octet-stream" if kind[1] or not kind[0] else kind[0]
    if any(word in content_type for word in ACTIVE):
        content_type = "text/plain"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    shown = "inline" if content_type.startswith(SHOWN) and not as_attachment else "attachment"
    return {
        "Content-Type": content_type,
        "ETag": f'"{stored.etag}"',
        "Last-Modified": format_datetime(datetime.fromtimestamp(stored.mtime, UTC), usegmt=True),
        "Cache-Control": f"private, max-age={MAX_AGE}",
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-site",
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name, safe='')}",
    }


def _is_known(request: web.Request, etag: str) -> bool:
    return any(tag.strip() in (etag, "*") for tag in request.headers.get("If-None-Match", "").split(",") if tag.strip())


def wanted_range(request: web.Request, stored: StoredFile, headers: dict[str, str]) -> tuple[int, int, int]:
    """First byte, end (exclusive) and status; a range that can't be answered is 416."""
    if_range = request.headers.get("If-Range")
    if "Range" not in request.headers or (if_range is not None and if_range != headers["ETag"]):
        return 0, stored.size, 200
    try:
        asked = request.http_range
    except ValueError:
        return 0, stored.size, 200
    start, end, _ = asked.indices(stored.size)
    if (asked.start is not None and asked.start >= stored.size) or start >= end:
        raise ApiError(416, 0, "Range not satisfiable", size=stored.size)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    return start, end, 206


async def _send(request: web.Request, reading: Reading, headers: dict[str, str], status: int, size: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = size
    await response.prepare(request)
    try:
        async for chunk in reading.chunks:
            await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        pass  # the SDK asks for a file and hangs up when it only wanted the size
    finally:
        if isinstance(reading.chunks, AsyncGenerator):
            await reading.chunks.aclose()
    return response
