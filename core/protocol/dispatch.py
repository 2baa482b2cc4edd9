"""The way of a call: path and version, credentials, permission, policies, types, handler, envelope.

The order of the checks is that of the reference: an unknown endpoint is told before missing credentials, a missing
permission before a malformed body.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.errors import ApiError, forbidden, unauthorized
from trackyard.core.identity import ANONYMOUS, Access, Identity
from trackyard.core.protocol.body import is_lines, parse_object, read_body, read_raw
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.envelope import Meta, json_response
from trackyard.core.protocol.requests import convert
from trackyard.core.protocol.version import NEWEST, Version

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

PATH = re.compile(r"^/*(?:v(?P<version>\d{1,4}\.\d{1,4})/)?(?P<name>\w+\.\w+)/?$", re.ASCII)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
ANONYMOUS_BODY = 2**20
"""The greatest body, in bytes, of whoever shows no credentials."""
FORKING_CLIENT = re.compile(r"^clearml-\d")
log = logging.getLogger(__name__)


def forks(request: web.Request) -> bool:
    """Whether the client may fork with this connection in its pool, so that two processes would write into one socket.

    The SDK forks its reporter while connections are pooled; such answers close the connection.
    """
    client = header(request.headers, "Client") or ""
    return bool(FORKING_CLIENT.match(client)) or request.headers.get("User-Agent", "").startswith("python-requests/")


def header(headers: Any, name: str) -> str | None:
    """The value of ``X-ClearML-<name>`` or its older spellings."""
    for prefix in ("X-ClearML", "X-Trains", "X-Allegro"):
        found: str | None = headers.get(f"{prefix}-{name}")
        if found is not None:
            return found
    return None


@dataclass
class Tally:
    """Requests and the seconds that they took in all."""

    requests: int = 0
    seconds: float = 0.0


class Dispatcher:
    """Answers calls of endpoints, over HTTP and from inside the process, through the same checks."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.tallies: dict[tuple[str, int], Tally] = {}
        """How many HTTP requests each endpoint answered with each status; what names no endpoint counts under ``""``."""

    async def handle(self, request: web.Request, path: str) -> web.StreamResponse:
        """The answer to an HTTP request for the endpoint that ``path`` names."""
        meta = Meta(header(request.headers, "Trx"))
        begin = time.perf_counter()
        response = await self._answer_or_tell(request, path, meta)
        known = meta.name if meta.actual is not None else ""
        tally = self.tallies.setdefault((known, response.status), Tally())
        tally.requests += 1
        tally.seconds += time.perf_counter() - begin
        if forks(request):
            response.force_close()
        return response

    async def _answer_or_tell(self, request: web.Request, path: str, meta: Meta) -> web.StreamResponse:
        try:
            return await self._answer(request, path, meta)
        except ApiError as error:
            response = json_response(meta.failure(error), error.code)
            if "retry_after" in error.data:
                response.headers["Retry-After"] = str(error.data["retry_after"])
            return response
        except (asyncio.CancelledError, ConnectionError):
            raise
        except StoreUnavailable as error:
            log.error("call %s of %s failed: %s", meta.id, meta.name, error)
            return json_response(meta.failure(ApiError(500, 102, "The metadata database is not available")), 500)
        except Exception:
            log.exception("call %s of %s failed", meta.id, meta.name)
            return json_response(meta.failure(ApiError(500, 0, "Internal server error", request=meta.id)), 500)

    async def call(self, name: str, body: dict[str, Any], identity: Identity, version: Version = NEWEST) -> Any:
        """The ``data`` of a call from inside the process, as ``identity``; raises `ApiError`."""
        endpoint = self._find(name, version)
        _check_permission(endpoint, identity)
        call = Call(self._kernel, identity, name, body, version=version)
        return await self._run(endpoint, call)

    async def permit(self, name: str, identity: Identity) -> None:
        """Raise `ApiError` when ``identity`` may not call the endpoint, by its permission or by a policy."""
        endpoint = self._find(name, NEWEST)
        _check_permission(endpoint, identity)
        await self._ask_policies(Call(self._kernel, identity, name, {}), endpoint)

    async def _answer(self, request: web.Request, path: str, meta: Meta) -> web.StreamResponse:
        name, version = _parse_path(path, meta)
        endpoint = self._find(name, version)
        meta.actual = str(endpoint.min_version)
        identity = await self._identify(request, endpoint)
        _check_permission(endpoint, identity)
        _refuse_unmeant(request, endpoint, identity)
        call = await self._read(request, endpoint, identity, version)
        data = await self._run(endpoint, call)
        if endpoint.raw_reply:
            assert isinstance(data, web.StreamResponse)  # noqa: S101 - the endpoint declares it
            return data
        response = json_response(meta.success(data))
        for cookie in call.cookies:
            response.set_cookie(**cookie)
        return response

    def _find(self, name: str, version: Version) -> Endpoint[Any]:
        endpoint = self._kernel.endpoints.find(name, version)
        if endpoint is None:
            raise ApiError(404, 0, "Unable to find endpoint", name=name, version=str(version))
        return endpoint

    async def _identify(self, request: web.Request, endpoint: Endpoint[Any]) -> Identity:
        access = endpoint.permission.access
        if access is Access.PUBLIC:
            return ANONYMOUS
        try:
            return await self._kernel.identify(request)
        except ApiError as error:
            if access is Access.OPTIONAL and error.code == 401:
                return ANONYMOUS
            raise

    async def _read(self, request: web.Request, endpoint: Endpoint[Any], identity: Identity, version: Version) -> Call:
        call = Call(self._kernel, identity, endpoint.name, {}, version=version, request=request, headers=request.headers)
        call.worker = header(request.headers, "Worker")
        call.remote = self._kernel.remote_address(request)
        request = request.clone(client_max_size=self._most(endpoint, identity))
        try:
            async with asyncio.timeout(self._kernel.server.idle_seconds if identity is ANONYMOUS else None):
                await _read_into(call, request, endpoint)
        except TimeoutError:
            raise ApiError(408, 0, "The body took too long") from None
        return call

    def _most(self, endpoint: Endpoint[Any], identity: Identity) -> int:
        """The greatest body in bytes: events come in batches, all else is small."""
        server = self._kernel.server
        kind = server.max_body if endpoint.batch else server.max_call
        return min(kind, server.max_body, ANONYMOUS_BODY if identity is ANONYMOUS else kind)

    async def _ask_policies(self, call: Call, endpoint: Endpoint[Any]) -> None:
        for policy in self._kernel.policies():
            await policy.check(call, endpoint.name)

    async def _run(self, endpoint: Endpoint[Any], call: Call) -> Any:
        await self._ask_policies(call, endpoint)
        return await endpoint.handler(call, convert(call.body, endpoint.request))


async def _read_into(call: Call, request: web.Request, endpoint: Endpoint[Any]) -> None:
    if not endpoint.batch:
        call.body = await read_body(request)
        return
    call.is_batch = is_lines(request)
    call.raw = await read_raw(request)
    call.body = {} if call.is_batch else parse_object(call.raw)


def _parse_path(path: str, meta: Meta) -> tuple[str, Version]:
    found = PATH.match(path)
    if found is None:
        raise ApiError(400, 0, "Invalid request path", path=path[:200])
    version = Version.parse(found["version"]) if found["version"] else NEWEST
    meta.name, meta.requested = found["name"], str(version)
    return found["name"], version


def _check_permission(endpoint: Endpoint[Any], identity: Identity) -> None:
    if endpoint.permission.access is Access.REQUIRED and identity is ANONYMOUS:
        raise unauthorized(20, "Unauthorized (missing credentials)")
    if not endpoint.permission.allows(identity):
        raise forbidden(20, "User role does not allow this", endpoint=endpoint.name, role=identity.role)
    if endpoint.writes and identity.role == "guest" and endpoint.permission.access is Access.REQUIRED:
        raise forbidden(21, "Guests may not change anything", endpoint=endpoint.name)


def _refuse_unmeant(request: web.Request, endpoint: Endpoint[Any], identity: Identity) -> None:
    """By the session cookie, a GET changes nothing and no part of a page calls the API.

    Pages show pictures and links that users chose; the reader's browser asks for them with the reader's cookie.
    """
    if identity.via != "cookie" or request.method not in SAFE_METHODS:
        return
    changes = endpoint.writes or endpoint.by_post
    if changes or request.headers.get("Sec-Fetch-Dest", "empty") not in ("empty", "document"):
        raise forbidden(21, "A session may call this only by POST", endpoint=endpoint.name)
