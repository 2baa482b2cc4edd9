"""Endpoints: what a plugin declares (name, request type, permission) and what its handler is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from aiohttp import web
from trackyard.core.identity import USER, Identity, Permission
from trackyard.core.protocol.version import NEWEST, OLDEST, Version

if TYPE_CHECKING:
    from trackyard.core.contracts.events import EventStore
    from trackyard.core.contracts.files import FileStore
    from trackyard.core.contracts.metadata import MetadataStore
    from trackyard.core.kernel import Kernel

R = TypeVar("R", bound=msgspec.Struct)


class Empty(msgspec.Struct):
    """A request without fields of its own."""


@dataclass
class Call:
    """One call of an endpoint: who, what, and the running system.

    ``body`` is the JSON object as sent, with query and form parameters merged in; ``raw`` is the unparsed body of a
    batch (JSON lines). ``worker`` is what the client says of itself in ``X-ClearML-Worker``.
    """

    kernel: Kernel
    identity: Identity
    endpoint: str
    body: dict[str, Any]
    raw: bytes = b""
    is_batch: bool = False
    version: Version = NEWEST
    worker: str | None = None
    remote: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    request: web.Request | None = None
    cookies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def metadata(self) -> MetadataStore:
        """The store of documents."""
        return self.kernel.metadata

    @property
    def events(self) -> EventStore:
        """The store of events."""
        return self.kernel.events

    @property
    def files(self) -> FileStore:
        """The store of files."""
        return self.kernel.files

    def set_cookie(self, **morsel: Any) -> None:
        """Set a cookie with the answer; the arguments are those of `aiohttp.web.Response.set_cookie`."""
        self.cookies.append(morsel)


Handler = Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint(Generic[R]):
    """One handler of ``service.action`` from ``min_version`` on; several with rising versions may share a name.

    ``writes`` refuses guests, and a session's GET. ``by_post`` refuses only the latter: guests may change what is theirs.
    ``batch`` accepts JSON lines, which the handler reads from ``call.raw``. ``raw_reply``: the handler returns an aiohttp
    response instead of the envelope's ``data``.
    """

    name: str
    handler: Handler
    request: type[R] = Empty  # type: ignore[assignment]
    permission: Permission = USER
    writes: bool = False
    by_post: bool = False
    min_version: Version = OLDEST
    batch: bool = False
    raw_reply: bool = False
    reply: Any = None
    summary: str = ""

    @property
    def service(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


class Registry:
    """All endpoints by name; picks the handler for a requested version."""

    def __init__(self, endpoints: list[Endpoint[Any]]) -> None:
        self._by_name: dict[str, list[Endpoint[Any]]] = {}
        for endpoint in endpoints:
            self._by_name.setdefault(endpoint.name, []).append(endpoint)
        for handlers in self._by_name.values():
            handlers.sort(key=lambda endpoint: endpoint.min_version)

    def find(self, name: str, version: Version) -> Endpoint[Any] | None:
        """The handler with the highest ``min_version`` that is not above ``version``."""
        fitting = [endpoint for endpoint in self._by_name.get(name, []) if endpoint.min_version <= version]
        return fitting[-1] if fitting else None

    def all(self) -> list[Endpoint[Any]]:
        """Every handler, ordered by name and version."""
        return [endpoint for name in sorted(self._by_name) for endpoint in self._by_name[name]]

    def names(self) -> list[str]:
        """The names of all endpoints, sorted."""
        return sorted(self._by_name)
