"""The process that serves: opens the kernel, listens on the three ports, drains on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from trackyard.core.kernel import Kernel
from trackyard.core.sites.applications import api_application, check_permissions, files_application, web_application

HEADER_LIMIT = 64 * 1024
log = logging.getLogger(__name__)


class PortTaken(Exception):
    """A site can't listen; the message names the site, the address and the setting."""


@contextlib.asynccontextmanager
async def serving(kernel: Kernel) -> AsyncIterator[dict[str, int]]:
    """Open the kernel and listen; gives the real ports by site (``api``, ``web``, ``files``). Ends in the reverse order."""
    runners: list[web.AppRunner] = []
    try:
        await kernel.open()
        check_permissions(kernel)
        # the API is last: who asks it whether the server is ready may use the others, too
        for name, build in (("files", files_application), ("web", web_application), ("api", api_application)):
            # templates and static files of plugins are looked for in their folders
            app = await asyncio.to_thread(build, kernel)
            runner = web.AppRunner(
                app,
                access_log=None,
                shutdown_timeout=kernel.server.drain_seconds,
                # counts from the beginning of the connection, too: a head that comes byte by byte holds it no longer
                keepalive_timeout=kernel.server.idle_seconds,
                max_line_size=HEADER_LIMIT,
                max_field_size=HEADER_LIMIT,
            )
            await runner.setup()
            runners.append(runner)
            kernel.ports[name] = await _listen(runner, kernel, name)
        yield dict(kernel.ports)
    finally:
        for runner in reversed(runners):
            await runner.cleanup()
        await kernel.close()


async def _listen(runner: web.AppRunner, kernel: Kernel, name: str) -> int:
    wanted: int = getattr(kernel.server, f"{name}_port")
    site = web.TCPSite(runner, kernel.server.host, wanted, backlog=1024)
    try:
        await site.start()
    except OSError as error:
        address = f"{kernel.server.host}:{wanted}"
        raise PortTaken(
            f"the {name} site can't listen on {address} ({error.strerror}); set server.{name}_port or server.host"
        ) from None
    listening: list[socket.socket] = site._server.sockets  # type: ignore[union-attr]
    port: int = listening[0].getsockname()[1]
    return port


def spare_collection() -> None:
    """Let the garbage collector pass over all that was made for the start: it stays, and looking through it again and again
    costs more than the requests that make garbage."""
    gc.freeze()


async def serve(kernel: Kernel, ready: Callable[[Kernel], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called once when all sites listen."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with serving(kernel):
        spare_collection()
        ready(kernel)
        await ended.wait()
        log.info("draining")
