"""Plain HTTP routes of plugins: a site, a method, a path, a permission and a handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiohttp import web
from trackyard.core.identity import Identity, Permission

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


class Site(StrEnum):
    """The three sites; the web site also carries the API under ``/api`` and the files under ``/files``.

    ``ROOT`` is the root of the web site when another web application has it: as soon as a plugin registers a route for it, the
    root holds these routes, the API and the files, and every page moves to below `OWN_PLACE`.
    """

    API = "api"
    WEB = "web"
    FILES = "files"
    ROOT = "root"


OWN_PLACE = "/trackyard"
"""Where the pages are when the root of the web site belongs to another web application."""


@dataclass(frozen=True)
class Visit:
    """One request of a route: who asks, and the running system."""

    kernel: Kernel
    identity: Identity
    request: web.Request

    @property
    def params(self) -> dict[str, str]:
        """The parts of the path that the route names."""
        return dict(self.request.match_info)

    async def call(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """The ``data`` of an endpoint, called in the process as the user who asks; raises `ApiError`."""
        return await self.kernel.call(name, body or {}, self.identity)


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Route:
    """A route; ``permission`` has no default: a server with a route that declares none does not start."""

    site: Site
    method: str
    path: str
    handler: Handler
    permission: Permission
