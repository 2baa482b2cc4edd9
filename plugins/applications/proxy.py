"""The reverse proxy: HTTP and WebSocket between a browser and the application of a running task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from aiohttp import web
from trackyard.core import clock
from trackyard.core.errors import ApiError, forbidden
from trackyard.core.kernel import Kernel
from trackyard.core.routes import Visit
from trackyard.plugins.applications import book, headers, tickets
from yarl import URL

CONNECT_SECONDS = 10.0
MESSAGE_LIMIT = 64 * 2**20
"""Bytes of one message of a WebSocket."""
HEARTBEAT = 120.0
SENDABLE = {1000, 1001, 1002, 1003, *range(1007, 1012), *range(3000, 5000)}
"""Codes with which a WebSocket may be closed."""
SILENT = (204, 304)
Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse
log = logging.getLogger(__name__)


@dataclass
class Visits:
    """When each application was last asked for something, by this server; an open request or WebSocket asks all the time."""

    last: dict[str, datetime] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def one(self, task: str) -> Iterator[None]:
        """A request or a WebSocket, as long as it is open."""
        self.last[task] = clock.now()
        self.open[task] = self.open.get(task, 0) + 1
        try:
            yield
        finally:
            self.last[task] = clock.now()
            self.open[task] -= 1

    def collected(self) -> dict[str, datetime]:
        """What was asked for since the last call, by task."""
        now = clock.now()
        seen = {**self.last, **{task: now for task, count in self.open.items() if count}}
        self.last, self.open = {}, {task: count for task, count in self.open.items() if count}
        return seen


@dataclass(frozen=True)
class Target:
    """Where a request goes: the application's URL, the path under which the browser sees it, and who asks."""

    task: str
    user: str
    url: URL
    prefix: str


class Proxy:
    """Asks only what a running task registered for itself, for who has a ticket."""

    def __init__(self, kernel: Kernel, key: str) -> None:
        """``key`` signs the tickets."""
        self._kernel = kernel
        self.key = key
        self.visits = Visits()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(
            timeout=timeout, cookie_jar=jar, auto_decompress=False, connector=aiohttp.TCPConnector(limit=0)
        )

    async def close(self) -> None:
        """Close what is kept open to applications."""
        await self._session.close()

    async def answer(self, visit: Visit) -> web.StreamResponse:
        """Pass a request on; a page says why that is not possible."""
        request = visit.request
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight(request)
        try:
            target = await self._target(visit)
            with self.visits.one(target.task):
                if request.headers.get("Upgrade", "").lower() == "websocket":
                    return await self._web_socket(request, target)
                return await self._http(request, target)
        except ApiError as error:
            return headers.problem_page(404 if error.code == 400 else error.code, error.message)
        except aiohttp.ClientConnectorError:
            return headers.problem_page(
                502, "The application does not answer. Perhaps it starts or ends just now: open it again."
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("application of task %s: %s", visit.params["task"], error)
            if request.transport is None or request.get(BEGUN):
                raise  # half an answer is out: the connection is closed
            return headers.problem_page(502, "The application broke off its answer.")

    async def _target(self, visit: Visit) -> Target:
        """Where the request goes; raises `ApiError` for who may not and when nothing runs."""
        task, text = visit.params["task"], visit.params["ticket"]
        ticket = tickets.read(self.key, text, task)
        found = await self._kernel.metadata.read(lambda session: book.find_for_ticket(session, ticket))
        if found.address is None:
            raise ApiError(502, 0, "The application does not run. Open it again to start it.")
        own = f"/apps/{task}/~{text}"
        path = visit.request.rel_url.raw_path.partition(f"{own}/")[2]
        query = visit.request.rel_url.raw_query_string
        url = URL(f"http://{authority(*found.address)}/{path}" + (f"?{query}" if query else ""), encoded=True)
        return Target(task, ticket.user, url, headers.site_prefix(visit.request) + own)

    async def _http(self, request: web.Request, target: Target) -> web.StreamResponse:
        sent = headers.to_application(self._kernel, request, target.prefix, target.user)
        body = request.content if request.body_exists else None
        async with self._session.request(
            request.method, target.url, headers=sent, data=body, allow_redirects=False, skip_auto_headers=("User-Agent", "Accept")
        ) as answer:
            passed = headers.from_application(answer.headers, target.url.authority, target.prefix)
            response = web.StreamResponse(status=answer.status, headers=passed)
            request[BEGUN] = True
            await response.prepare(request)
            if request.method != "HEAD" and answer.status not in SILENT:
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            await response.write_eof()
            return response

    async def _web_socket(self, request: web.Request, target: Target) -> web.StreamResponse:
        self._refuse_foreign_origin(request)
        sent = headers.to_application(self._kernel, request, target.prefix, target.user)
        wanted = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name.strip()]
        async with self._session.ws_connect(
            target.url, headers=sent, protocols=wanted, max_msg_size=MESSAGE_LIMIT, heartbeat=HEARTBEAT
        ) as application:
            chosen = [application.protocol] if application.protocol else []
            browser = web.WebSocketResponse(protocols=chosen, max_msg_size=MESSAGE_LIMIT, heartbeat=HEARTBEAT)
            await browser.prepare(request)
            await _join(browser, application)
            return browser

    def _refuse_foreign_origin(self, request: web.Request) -> None:
        """The page of an application has the origin ``null``; a page of another site has none of the ones that are good."""
        origin = request.headers.get("Origin")
        if origin not in (None, "null") and origin not in self._kernel.authentication.own_origins(request):
            raise forbidden(21, "Cross-site request refused")


BEGUN = web.RequestKey("application answer begun", bool)


def authority(host: str, port: int) -> str:
    """Host and port as a URL has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _preflight(request: web.Request) -> web.Response:
    """Let the page of an application ask the application itself; without a ticket in the path it is of no use."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
    }
    return web.Response(status=204, headers={**headers.SANDBOX, **allowed})


async def _join(browser: web.WebSocketResponse, application: aiohttp.ClientWebSocketResponse) -> None:
    """Pass messages both ways until one side closes; then the other is closed with the same code."""
    pumps = [asyncio.create_task(_pump(browser, application)), asyncio.create_task(_pump(application, browser))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
    code = browser.close_code or application.close_code or aiohttp.WSCloseCode.GOING_AWAY
    for socket in (browser, application):
        await socket.close(code=code if code in SENDABLE else aiohttp.WSCloseCode.GOING_AWAY)


async def _pump(source: Socket, target: Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
