"""Cross-origin access to the API: for the server's own web site and for allowed origins only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

ALLOWED_HEADERS = (
    "authorization, content-type, x-allegro-client, x-clearml-client, x-clearml-impersonate-as, x-allegro-tenant, "
    "x-clearml-tenant, access-control-allow-credentials"
)


def cors_headers(kernel: Kernel, request: web.Request) -> dict[str, str]:
    """The headers that let a script of an allowed origin read the answer; none for other origins."""
    origin = request.headers.get("Origin")
    if origin is None or origin not in kernel.authentication.own_origins(request):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        "Vary": "Origin",
    }
