"""A small application: it tells what it was asked, streams, echoes over a WebSocket, and answers what an attacker would."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from trackyard.core.testing.http import Answer, Api

SECRET = "m" * 40


@dataclass
class Upstream:
    """The running application. ``go_on`` lets its stream end."""

    runner: web.AppRunner
    port: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    proves: bool = True

    async def register(self, api: Api, task: str, **more: object) -> Answer:
        """Register it for a task, as the task would."""
        return await api.ask("applications.register", {"task": task, "port": self.port, "secret": SECRET, **more})


async def seen(request: web.Request) -> web.Response:
    """What was asked, as JSON, with headers that nobody should get."""
    told = {
        "method": request.method,
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": await request.text(),
    }
    attack = {
        "Set-Cookie": "clearml_token_basic=theirs; Path=/",
        "Content-Security-Policy": "sandbox allow-same-origin allow-scripts",
        "Clear-Site-Data": '"*"',
        "Service-Worker-Allowed": "/",
        "ETag": '"kept"',
    }
    return web.json_response(told, headers=attack, status=203)


async def stream(request: web.Request) -> web.StreamResponse:
    """A first piece at once, the second when the test says so."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first")
    await request.app[UPSTREAM].go_on.wait()
    await response.write(b"second")
    return response


async def echo(request: web.Request) -> web.StreamResponse:
    """A WebSocket that tells the headers and then repeats what it gets."""
    socket = web.WebSocketResponse(protocols=("bokeh",))
    await socket.prepare(request)
    await socket.send_json({name.lower(): value for name, value in request.headers.items()})
    async for message in socket:
        if message.data == "end":
            await socket.close(code=4321)
        elif isinstance(message.data, bytes):
            await socket.send_bytes(message.data)
        else:
            await socket.send_str(message.data)
    return socket


async def redirect(request: web.Request) -> web.Response:
    """To where the query says."""
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def prove(request: web.Request) -> web.Response:
    """The proof that the port is the caller's."""
    key = SECRET if request.app[UPSTREAM].proves else "z" * 40
    return web.Response(text=hmac.new(key.encode(), request.match_info["number"].encode(), hashlib.sha256).hexdigest())


UPSTREAM = web.AppKey("upstream", Upstream)


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """The application on a free port of loopback."""
    app = web.Application()
    running = Upstream(web.AppRunner(app, shutdown_timeout=1.0))
    app[UPSTREAM] = running
    app.router.add_get("/trackyard/{number}", prove)
    app.router.add_get("/stream", stream)
    app.router.add_get("/echo", echo)
    app.router.add_get("/redirect", redirect)
    app.router.add_route("*", "/{path:.*}", seen)
    await running.runner.setup()
    site = web.TCPSite(running.runner, "127.0.0.1", 0)
    await site.start()
    running.port = running.runner.addresses[0][1]
    try:
        yield running
    finally:
        await running.runner.cleanup()
