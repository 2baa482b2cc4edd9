"""Addresses of uploaded files as the browser reaches them: through the web site, with the session of the page."""

from __future__ import annotations

from urllib.parse import urlsplit

from trackyard.core.panels import Page

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def file_link(page: Page, uri: str) -> str:
    """The link of an artifact's ``uri``: ``/files/…`` for our own file server, the address itself for other web
    servers, and ``""`` for what a browser can't open (``s3://``, a local path)."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return ""
    public = page.kernel.server.public_files
    if public and uri.startswith(public.rstrip("/") + "/"):
        return page.url("/files/" + uri[len(public.rstrip("/")) + 1 :])
    if _is_own(page, parts.hostname or "", parts.port):
        return page.url("/files" + parts.path)
    return uri


def _is_own(page: Page, host: str, port: int | None) -> bool:
    own_host = page.request.host.rpartition(":")[0] or page.request.host
    return port == page.kernel.ports.get("files", page.kernel.server.files_port) and (
        host == own_host or {host, own_host} <= LOOPBACK
    )
