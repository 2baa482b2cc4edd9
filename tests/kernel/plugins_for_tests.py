"""Plugins made for the tests of the kernel: stores without content, an endpoint, and several that fail."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from trackyard.core.errors import ApiError, unauthorized
from trackyard.core.extension import Health, HealthCheck
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ADMIN, OPTIONAL, PUBLIC, Identity
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.version import Version
from trackyard.core.routes import Route, Site, Visit

MODULE = __name__


class EmptyStore:
    """A store that holds nothing; ``closed`` tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        """Remember the end."""
        self.closed = True


class EmptyBackend:
    """Opens empty stores."""

    schemes = ("sqlite", "embedded", "file")

    async def open(self, url: str, data_dir: Path) -> Any:
        """A new empty store."""
        return EmptyStore()


class StoresPlugin(Plugin):
    """The three stores."""

    name = "stores"
    essential = True

    @hookimpl
    def trackyard_metadata_backends(self) -> list[Any]:
        """One backend."""
        return [EmptyBackend()]

    @hookimpl
    def trackyard_event_backends(self) -> list[Any]:
        """One backend."""
        return [EmptyBackend()]

    @hookimpl
    def trackyard_file_backends(self) -> list[Any]:
        """One backend."""
        return [EmptyBackend()]


class Passwords:
    """Basic credentials ``name:role``; the name ``nobody`` is refused."""

    scheme = "basic"

    def read(self, credential: str) -> str:
        """The credential as text."""
        return base64.b64decode(credential).decode()

    async def authenticate(self, credential: str, remote: str) -> Identity:
        """The user that the credential names."""
        name, _, role = self.read(credential).partition(":")
        if name == "nobody":
            raise unauthorized(22, "Unauthorized (wrong key or secret)")
        return Identity(name, name, role or "user")


class Cookies(Passwords):
    """The same as a bearer, so that the session cookie works."""

    scheme = "bearer"

    def read(self, credential: str) -> str:
        """A bearer is plain text here."""
        return credential


class EchoRequest(msgspec.Struct, kw_only=True):
    """A request with one required field."""

    task: str
    count: int = 0
    tags: list[str] | None = None


async def echo(call: Call, request: EchoRequest) -> dict[str, Any]:
    """What was understood."""
    return {"task": request.task, "count": request.count, "user": call.identity.user, "worker": call.worker, "body": call.body}


async def old_echo(call: Call, request: EchoRequest) -> dict[str, Any]:
    """The handler of an older version."""
    return {"old": True}


async def values(call: Call, request: Any) -> dict[str, Any]:
    """Values that JSON has no word for."""
    return {"when": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "nan": float("nan"), "big": 2**70, "list": [float("inf")]}


async def fault(call: Call, request: Any) -> dict[str, Any]:
    """A fault of the server."""
    raise RuntimeError("secret detail")


async def lines(call: Call, request: Any) -> dict[str, Any]:
    """The number of bytes of a batch."""
    return {"bytes": len(call.raw), "batch": call.is_batch}


async def busy_now(call: Call, request: Any) -> dict[str, Any]:
    """The server is at its limit."""
    raise ApiError(429, 0, "Too many", data={"retry_after": 7})


async def hello(visit: Visit) -> web.Response:
    """A plain route."""
    return web.Response(text=f"hello {visit.identity.user}")


async def half(visit: Visit) -> web.StreamResponse:
    """Breaks off in the middle of its answer."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(visit.request)
    await response.write(b"half")
    raise RuntimeError("the disk failed")


async def board(page: Page) -> dict[str, Any]:
    """A panel that shows what an endpoint answered."""
    told = await page.call("probe.echo", {"task": "t1"})
    return {"text": told["user"]}


async def well(kernel: Any) -> Health:
    """Always well."""
    return Health(True, "fine")


class ProbePlugin(Plugin):
    """Endpoints, a route, a panel and a check."""

    name = "probe"
    summary = "What the tests ask"

    @hookimpl
    def trackyard_authenticators(self) -> list[Any]:
        """Two schemes."""
        return [Passwords(), Cookies()]

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """The endpoints of the service ``probe``."""
        return [
            Endpoint("probe.echo", old_echo, EchoRequest, min_version=Version(1, 0)),
            Endpoint("probe.echo", echo, EchoRequest, min_version=Version(2, 9)),
            Endpoint("probe.recent", old_echo, EchoRequest, min_version=Version(2, 23)),
            Endpoint("probe.open", echo, EchoRequest, permission=PUBLIC),
            Endpoint("probe.maybe", echo, EchoRequest, permission=OPTIONAL),
            Endpoint("probe.admin", echo, EchoRequest, permission=ADMIN),
            Endpoint("probe.write", echo, EchoRequest, writes=True),
            Endpoint("probe.values", values),
            Endpoint("probe.fault", fault),
            Endpoint("probe.busy", busy_now),
            Endpoint("probe.lines", lines, batch=True),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """A route on the files site."""
        return [Route(Site.FILES, "GET", "/hello", hello, OPTIONAL), Route(Site.FILES, "GET", "/half", half, OPTIONAL)]

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """A page."""
        return [Panel(PanelKind.PAGE, "board", "Board", board, template="board.html", path="/board")]

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """A check."""
        return [HealthCheck("probe", well)]


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings with each kind of value."""

    limit: int = 10
    name: str = "a"
    on: bool = False
    names: list[str] = []
    password: str = ""


class LimitPlugin(Plugin):
    """A plugin with a nested table."""

    name = "limit"
    table = "policies.limit"
    settings_type = LimitSettings


class BrokenHookPlugin(Plugin):
    """Raises in a hook."""

    name = "broken_hook"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """Never answers."""
        raise RuntimeError("no endpoints today")


class BrokenStartPlugin(Plugin):
    """Registers an endpoint and raises at its start."""

    name = "broken_start"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """An endpoint that must be withdrawn."""
        return [Endpoint("broken.start", echo, EchoRequest)]

    async def start(self, kernel: Any) -> None:
        """Fails."""
        raise RuntimeError("can't start")


class HangingStartPlugin(Plugin):
    """Never comes back from its start."""

    name = "hanging_start"

    async def start(self, kernel: Any) -> None:
        """Waits for ever."""
        await asyncio.Event().wait()


class BrokenPolicyPlugin(Plugin):
    """Has policies and fails at its start."""

    name = "broken_policy"

    @hookimpl
    def trackyard_policies(self) -> list[Any]:
        """No policy can be asked."""
        return []

    async def start(self, kernel: Any) -> None:
        """Fails."""
        raise RuntimeError("no policy")


class NeedyPlugin(Plugin):
    """Needs a plugin that is not there."""

    name = "needy"
    needs = ("absent",)


class WrongHookPlugin(Plugin):
    """Implements a hook that does not exist."""

    name = "wrong_hook"

    @hookimpl
    def trackyard_no_such_hook(self) -> list[Any]:
        """Nobody asks for this."""
        return []


class UndeclaredPlugin(Plugin):
    """Registers a route without a permission."""

    name = "undeclared"

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """A route whose permission is None."""
        return [Route(Site.WEB, "GET", "/open-door", hello, None)]  # type: ignore[arg-type]


NOT_A_PLUGIN = "text"


def entry(name: str, value: str) -> EntryPoint:
    """An entry point of the group ``trackyard``."""
    return EntryPoint(name, value, "trackyard")


def entries(*names: str) -> list[EntryPoint]:
    """The entry points of plugins of this module, by name (``broken_hook`` is ``BrokenHookPlugin``)."""
    return [entry(name, f"{MODULE}:{''.join(part.title() for part in name.split('_'))}Plugin") for name in names]
