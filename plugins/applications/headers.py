"""What passes between the browser and an application: headers by name, everything else is dropped.

An application is somebody's program, and its page stands under the address of the web site. So that its scripts are no
scripts of the site, each answer says ``Content-Security-Policy: sandbox`` without ``allow-same-origin``: the browser gives the
page an origin of its own, which has no cookies and no access to the pages and the API of the site.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict
from trackyard.core.kernel import Kernel
from trackyard.core.panels import PREFIX
from yarl import URL

DROPPED = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "expect", "host"),
        *("authorization", "cookie", "origin", "referer", "forwarded", "via", "x-real-ip"),
    }
)
"""What is not passed on to an application: what belongs to one connection, and what tells who the visitor is to the web site."""
DROPPED_BEGINNINGS = ("x-forwarded-", "sec-websocket-", "sec-fetch-", "x-clearml-", "x-allegro-", "x-trackyard-")
PASSED = (
    *("Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Content-Length", "Content-Range"),
    *("Accept-Ranges", "Cache-Control", "ETag", "Last-Modified", "Expires", "Vary", "SourceMap"),
)
"""What is passed on from an application. It can set no cookie and loosen nothing."""
SANDBOX = {
    "Content-Security-Policy": (
        "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads; frame-ancestors 'self'; base-uri 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # the page's own origin is no origin of the site: without this it could not load its own modules, fonts and data
    "Access-Control-Allow-Origin": "*",
}


def to_application(kernel: Kernel, request: web.Request, prefix: str, user: str) -> CIMultiDict[str]:
    """The headers of a request as the application gets them."""
    named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
    passed = [(name, value) for name, value in request.headers.items() if _passes(name.lower(), named)]
    public = URL(kernel.server.public_web) if kernel.server.public_web else None
    told = {
        "X-Forwarded-For": kernel.remote_address(request),
        "X-Forwarded-Host": request.host,
        "X-Forwarded-Proto": public.scheme if public else request.scheme,
        "X-Forwarded-Prefix": prefix,
        "X-Forwarded-User": user,
    }
    return CIMultiDict([*passed, *told.items()])


def _passes(name: str, named: set[str]) -> bool:
    return name not in DROPPED and name not in named and not name.startswith(DROPPED_BEGINNINGS)


def from_application(headers: Mapping[str, str], address: str, prefix: str) -> dict[str, str]:
    """The headers of an answer as the browser gets them; ``address`` is the application's ``host:port``."""
    passed = {name: headers[name] for name in PASSED if name in headers}
    if location := headers.get("Location"):
        passed["Location"] = below(location, address, prefix)
    return {"Cache-Control": "private, no-cache", **passed, **SANDBOX}


def below(location: str, address: str, prefix: str) -> str:
    """A redirect to a path of the application as the browser must follow it."""
    for beginning in (f"http://{address}/", f"//{address}/", "/"):
        is_elsewhere = beginning == "/" and location.startswith("//")
        if location.startswith(beginning) and not is_elsewhere and not location.startswith(prefix + "/"):
            return f"{prefix}/{location.removeprefix(beginning)}"
    return location


def site_prefix(request: web.Request) -> str:
    """The path under which the web site is seen."""
    return str(request.get(PREFIX, ""))


def problem_page(status: int, text: str) -> web.Response:
    """A page that says why there is none of the application."""
    body = f"<!doctype html><html lang=en><title>No application</title><h1>No application</h1><p>{html.escape(text)}</p></html>"
    return web.Response(status=status, text=body, content_type="text/html", headers={**SANDBOX, "Cache-Control": "no-store"})
