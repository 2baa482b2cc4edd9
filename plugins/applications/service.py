"""The handlers of the service ``applications``."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import secrets
from typing import Any

import aiohttp
from trackyard.core.errors import ApiError, validation
from trackyard.core.protocol.endpoint import Call, Empty
from trackyard.plugins.applications import book, tickets
from trackyard.plugins.applications import requests as r
from trackyard.plugins.applications.proxy import authority

PROOF_SECONDS = 20.0
CONNECT_SECONDS = 5.0
RUNNING, STARTING, STOPPED = "running", "starting", "stopped"
QUEUED = ("queued", "in_progress")
AGAIN = ("created", "stopped", "failed", "completed", "closed")


class ApplicationsService:
    """Answers for the endpoints; ``key`` signs the tickets."""

    def __init__(self, queue: str) -> None:
        """``queue`` is the name of the queue for tasks that were in none."""
        self._queue = queue
        self.key = ""

    async def register(self, call: Call, request: r.RegisterRequest) -> dict[str, Any]:
        """Note where the application of the caller's task listens: a port of the address from which the call comes."""
        await call.metadata.read(lambda session: book.require_speaker(session, call.identity, request.task))
        host = _address(call.remote)
        await _prove(host, request)
        record = {"host": host, "port": request.port, "only_owner": request.only_owner}
        await call.metadata.write(lambda session: book.register(session, call.identity, request.task, record))
        return {"host": host, "port": request.port, "path": f"/apps/{request.task}/"}

    async def open(self, call: Call, request: r.OpenRequest) -> dict[str, Any]:
        """How an application stands, and a ticket for it when it runs; starts it when asked."""
        found = await call.metadata.read(lambda session: book.find(session, request.task, call.identity))
        status = found.task["status"]
        if found.address is not None and await _listens(*found.address):
            return {"state": RUNNING, "status": status, "ticket": tickets.issue(self.key, call.identity.user, request.task)}
        if status in QUEUED:
            return {"state": STARTING, "status": status}
        if request.start and status in AGAIN:
            await self._start(call, found)
            return {"state": STARTING, "status": "queued"}
        return {"state": STOPPED, "status": status, "message": found.task.get("status_message") or ""}

    async def _start(self, call: Call, found: book.Found) -> None:
        task, queue = found.task["id"], (found.task.get("execution") or {}).get("queue")
        where = {"queue": queue} if queue else {"queue_name": self._queue}
        await call.kernel.call("tasks.enqueue", {"task": task, "force": True, **where}, call.identity)

    async def get_all(self, call: Call, request: Empty) -> dict[str, Any]:
        """The applications that the caller may open."""
        found = await call.metadata.read(lambda session: book.listed(session, call.identity))
        return {
            "applications": [
                {
                    "task": one.task["id"],
                    "name": one.task["name"],
                    "status": one.task["status"],
                    "running": one.address is not None,
                    "last_used": one.record["seen"],
                    "only_owner": bool(one.record.get("only_owner")),
                }
                for one in found
            ]
        }


def _address(remote: str) -> str:
    try:
        return str(ipaddress.ip_address(remote))
    except ValueError:
        raise validation("port", f"the call comes from no address of a network: {remote}") from None


async def _prove(host: str, request: r.RegisterRequest) -> None:
    """Ask the port for the proof that it is the caller's. Without it a task could have the server ask other programs there."""
    number = secrets.token_hex(16)
    expected = hmac.new(request.secret.encode(), number.encode(), hashlib.sha256).hexdigest()
    url = f"http://{authority(host, request.port)}/trackyard/{number}"
    given = b""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
        timeout = aiohttp.ClientTimeout(total=PROOF_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
            given = (await answer.content.read(2 * len(expected))).strip()
    if not hmac.compare_digest(given, expected.encode()):
        told = f"port {request.port} of {host}, as the server sees the caller, does not prove that it is the caller's"
        raise ApiError(400, 12, "Validation error", field="port", error=told)


async def _listens(host: str, port: int) -> bool:
    """Whether a connection is accepted: an application registers a moment before it listens."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
