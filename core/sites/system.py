"""Routes of the kernel itself on the API site: health, metrics, the OpenAPI document and its reading page."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from trackyard.core.errors import unauthorized
from trackyard.core.identity import ANONYMOUS, OPTIONAL, PUBLIC
from trackyard.core.protocol import openapi
from trackyard.core.protocol.envelope import encode, json_response
from trackyard.core.routes import Route, Site, Visit

FORWARDED = ("X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via")
"""What proxies add to a request."""


async def healthz(visit: Visit) -> web.Response:
    """The process is up."""
    return json_response(encode({"status": "ok"}))


async def readyz(visit: Visit) -> web.Response:
    """Every critical part is well (200) or not (503), with one line for each.

    What a line says may be an exception's text, with paths and addresses: it is for users, not for everybody.
    """
    health = await visit.kernel.health()
    ready = all(state.ok for state, critical in health.values() if critical)
    is_known = visit.identity is not ANONYMOUS
    parts = {name: {"ok": state.ok, "detail": state.detail if is_known else ""} for name, (state, _) in sorted(health.items())}
    return json_response(encode({"ready": ready, "parts": parts}), 200 if ready else 503)


async def metrics(visit: Visit) -> web.Response:
    """Prometheus metrics of all plugins: for users and for programs on this machine."""
    if visit.identity is ANONYMOUS and not visit.kernel.server.open_metrics and not is_from_here(visit.request):
        raise unauthorized(20, "Unauthorized (metrics are for users, or set server.open_metrics)")
    registry = CollectorRegistry()
    for collector in visit.kernel.plugins.provided("metrics"):
        registry.register(collector)
    text = await asyncio.to_thread(generate_latest, registry)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def is_from_here(request: web.Request) -> bool:
    """Whether a program on this machine asks for itself; a proxy on this machine asks for others, and says so."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def openapi_document(visit: Visit) -> web.Response:
    """The OpenAPI 3.1 document of every endpoint."""
    return json_response(encode(openapi.document(visit.kernel.endpoints)))


async def docs(visit: Visit) -> web.Response:
    """A page to read the OpenAPI document."""
    return web.Response(text=openapi.page(visit.kernel.endpoints), content_type="text/html")


ROUTES = [
    Route(Site.API, "GET", "/healthz", healthz, PUBLIC),
    Route(Site.API, "GET", "/readyz", readyz, OPTIONAL),
    Route(Site.API, "GET", "/metrics", metrics, OPTIONAL),
    Route(Site.API, "GET", "/openapi.json", openapi_document, PUBLIC),
    Route(Site.API, "GET", "/docs", docs, PUBLIC),
]
