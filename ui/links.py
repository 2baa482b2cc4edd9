"""Addresses of uploaded files as the browser reaches them: through the web site, with the session of the page."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from trackyard.core.panels import Page

KINDS = {
    "image": {"png", "jpg", "jpeg", "gif", "webp", "bmp", "avif"},
    "video": {"mp4", "webm", "ogv", "mov", "m4v"},
    "audio": {"wav", "mp3", "ogg", "flac", "m4a", "aac", "opus"},
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def file_link(page: Page, uri: str) -> str:
    """The link of an artifact's ``uri``: ``/files/…`` for our own file server, the address itself for other web
    servers, and ``""`` for what a browser can't open (``s3://``, a local path)."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return ""
    public, address = page.kernel.server.public_files.rstrip("/"), parts.geturl()
    if public and address.startswith(public + "/"):
        return _stored(page, address[len(public) :])
    if _is_own(page, parts.hostname or "", parts.port):
        return _stored(page, parts.path)
    return uri


def file_kind(uri: str) -> str:
    """What a browser can show of a file, judged by its name: ``image``, ``video``, ``audio`` or an empty text."""
    ending = urlsplit(uri).path.rpartition(".")[2].lower()
    return next((kind for kind, endings in KINDS.items() if ending in endings), "")


def _stored(page: Page, path: str) -> str:
    """The link of a path of our file server; ``""`` if it climbs out of ``/files`` to what a click must not call."""
    climbs = ".." in unquote(path).replace("\\", "/").split("/")
    return "" if climbs else page.url("/files" + path)


def _is_own(page: Page, host: str, port: int | None) -> bool:
    own_host = page.request.host.rpartition(":")[0] or page.request.host
    return port == page.kernel.ports.get("files", page.kernel.server.files_port) and (
        host == own_host or {host, own_host} <= LOOPBACK
    )
