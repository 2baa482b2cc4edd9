"""A client of the API for parts that run in processes of their own: the services agent and its services."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

RETRIED = (429, 502, 503, 509)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
log = logging.getLogger(__name__)


class CallFailed(Exception):
    """The server refused a call: its code, subcode and message."""

    def __init__(self, endpoint: str, code: int, subcode: int, message: str) -> None:
        self.endpoint, self.code, self.subcode, self.message = endpoint, code, subcode, message
        super().__init__(f"{endpoint}: {message} ({code}/{subcode})")


class ApiClient:
    """Calls endpoints with an access key and secret; a server that is away or busy is asked again until it answers."""

    def __init__(self, url: str, access_key: str, secret_key: str, worker: str = "") -> None:
        """``url`` of the API site; ``worker`` is what the server is told of who calls."""
        self.url = url.rstrip("/")
        self._headers = {
            "Authorization": aiohttp.encode_basic_auth(access_key, secret_key),
            "X-ClearML-Client": "trackyard-agent",
            "X-ClearML-Worker": worker,
        }
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=120)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, endpoint: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The ``data`` of the answer; raises `CallFailed` if the server refuses. Waits for a server that is away."""
        return await self._send(endpoint, orjson.dumps(body or {}), "application/json")

    async def add_events(self, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Send events as one batch."""
        lines = b"\n".join(orjson.dumps(event) for event in events)
        return await self._send("events.add_batch", lines, "application/json-lines")

    async def _send(self, endpoint: str, body: bytes, kind: str) -> dict[str, Any]:
        pause = FIRST_PAUSE
        while True:
            try:
                status, answer = await self._once(endpoint, body, kind)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                log.warning("%s: the server at %s does not answer (%s); asking again in %.1f s", endpoint, self.url, error, pause)
            else:
                meta = answer["meta"]
                if status == 200:
                    data: dict[str, Any] = answer["data"]
                    return data
                if status not in RETRIED:
                    raise CallFailed(endpoint, meta["result_code"], meta["result_subcode"], meta["result_msg"])
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _once(self, endpoint: str, body: bytes, kind: str) -> tuple[int, dict[str, Any]]:
        assert self._session is not None, "the client is used in `async with`"  # noqa: S101
        async with self._session.post(f"{self.url}/{endpoint}", data=body, headers={"Content-Type": kind}) as response:
            return response.status, orjson.loads(await response.read())
