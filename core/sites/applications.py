"""Build the three aiohttp applications from what the plugins registered."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiohttp import web
from trackyard.core.errors import ApiError
from trackyard.core.identity import Permission
from trackyard.core.panels import PanelKind
from trackyard.core.protocol.dispatch import forks
from trackyard.core.protocol.envelope import Meta, json_response
from trackyard.core.routes import OWN_PLACE, Route, Site, Visit
from trackyard.core.sites.cors import cors_headers
from trackyard.core.sites.system import ROUTES
from trackyard.core.sites.web import (
    PREFIX,
    STATIC_VERSIONS,
    add_static,
    identify_visitor,
    panel_handler,
    prefix_middleware,
    set_up_templates,
)

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

log = logging.getLogger(__name__)


class UndeclaredRoute(Exception):
    """A route, panel or endpoint declares no permission: the server must not start. The message names it."""


def check_permissions(kernel: Kernel) -> None:
    """Raise `UndeclaredRoute` for anything that can be asked over HTTP and declares no permission."""
    declared: list[tuple[str, str, Any]] = [
        *((name, f"route {item.method} {item.path}", item.permission) for name, item in kernel.plugins.providers("routes")),
        *((name, f"panel {item.name}", item.permission) for name, item in kernel.plugins.providers("panels")),
        *((name, f"endpoint {item.name}", item.permission) for name, item in kernel.plugins.providers("endpoints")),
    ]
    for plugin, what, permission in declared:
        if not isinstance(permission, Permission):
            raise UndeclaredRoute(f"{what} of plugin {plugin} declares no permission")


def route_handler(kernel: Kernel, route: Route) -> Any:
    """The aiohttp handler of a plain route: permission, then the handler; errors in the envelope."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            identity = await identify_visitor(kernel, request, route.permission)
            response = await route.handler(Visit(kernel, identity, request))
        except ApiError as error:
            response = json_response(Meta().failure(error), error.code)
        if forks(request) and not response.prepared:
            response.force_close()
        return response

    return handle


def add_routes(app: web.Application, kernel: Kernel, site: Site, prefix: str = "") -> None:
    """Add the plain routes of a site; a GET route answers HEAD too, except where HEAD has a route of its own.

    The root of a site below ``prefix`` is also there without the slash at its end.
    """
    routes = [route for route in _routes(kernel) if route.site is site]
    own_head = {route.path for route in routes if route.method == "HEAD"}
    for route in routes:
        handler = route_handler(kernel, route)
        also_head = route.method == "GET" and route.path not in own_head
        for path in [prefix + route.path, *([prefix] if prefix and route.path == "/" else [])]:
            app.router.add_route(route.method, path, handler)
            if also_head:
                app.router.add_route("HEAD", path, handler)


def _routes(kernel: Kernel) -> Iterable[Route]:
    return [*ROUTES, *kernel.plugins.provided("routes")]


def api_handler(kernel: Kernel) -> Any:
    """The handler of every other path of the API site; also under ``/api`` of the web site."""

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = cors_headers(kernel, request)
        if request.method == "OPTIONS":
            return web.Response(headers=headers)
        path = "/" + request.match_info.get("path", "")
        response = await kernel.dispatcher.handle(request, path)
        if not response.prepared:
            response.headers.update(headers)
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return handle


def _application(kernel: Kernel, middlewares: Iterable[Any] = ()) -> web.Application:
    app = web.Application(client_max_size=kernel.server.max_body, middlewares=[*middlewares, envelope_middleware])
    app.on_response_prepare.append(_note_that_it_began)
    return app


BEGUN = web.RequestKey("begun", bool)


async def _note_that_it_began(request: web.Request, response: web.StreamResponse) -> None:
    request[BEGUN] = True


@web.middleware
async def envelope_middleware(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer the framework's own errors (404, 405, 413) and faults in the envelope, never as a stack trace."""
    meta = Meta()
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return json_response(meta.failure(ApiError(error.status, 0, error.reason)), error.status)
    except ConnectionError:
        # the client went away, as the SDK does with downloads of which it wanted the head only; nobody reads this answer
        return web.Response()
    except ApiError as error:
        return json_response(meta.failure(error), error.code)
    except Exception:
        log.exception("request %s of %s failed", meta.id, request.path)
        if request.get(BEGUN):
            raise  # half an answer is out: the connection is closed, a second answer would be taken for content
        return json_response(meta.failure(ApiError(500, 0, "Internal server error", request=meta.id)), 500)
    return response


def api_application(kernel: Kernel) -> web.Application:
    """The API site."""
    app = _application(kernel)
    add_routes(app, kernel, Site.API)
    app.router.add_route("*", "/{path:.*}", api_handler(kernel))
    return app


def files_application(kernel: Kernel) -> web.Application:
    """The files site."""
    app = _application(kernel)
    add_routes(app, kernel, Site.FILES)
    return app


def web_application(kernel: Kernel) -> web.Application:
    """The web site at the root, and again under the prefix for proxies that don't strip it."""
    app = _web_application(kernel)
    if kernel.server.path_prefix:
        app.add_subapp(kernel.server.path_prefix, _web_application(kernel))
    return app


def _web_application(kernel: Kernel) -> web.Application:
    prefix = kernel.server.path_prefix.rstrip("/")
    if not any(route.site is Site.ROOT for route in _routes(kernel)):
        return _pages(kernel, prefix)
    app = _application(kernel, [prefix_middleware])
    app[PREFIX], app[STATIC_VERSIONS] = prefix, {}
    app.add_subapp(OWN_PLACE, _pages(kernel, prefix + OWN_PLACE))
    _add_services(app, kernel)
    add_routes(app, kernel, Site.ROOT)
    return app


def _pages(kernel: Kernel, prefix: str) -> web.Application:
    app = _application(kernel, [prefix_middleware])
    app[PREFIX] = prefix
    set_up_templates(app, kernel)
    for kind in PanelKind:
        for panel in kernel.panels(kind):
            if panel.path:
                app.router.add_get(panel.path, panel_handler(kernel, panel))
    add_routes(app, kernel, Site.WEB)
    _add_services(app, kernel)
    add_static(app, kernel)
    return app


def _add_services(app: web.Application, kernel: Kernel) -> None:
    """The files and the API, as one port behind a proxy needs them."""
    add_routes(app, kernel, Site.FILES, "/files")
    add_routes(app, kernel, Site.API, "/api")
    app.router.add_route("*", "/api/{path:.*}", api_handler(kernel))
