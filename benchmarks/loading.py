"""Clients that report scalars as the SDK does, as fast as the server answers. Helper of the benchmarks of events."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import numpy as np

DIGITS = 8
TIME = 1_700_000_000_000


class Body:
    """A batch of scalars of one task as JSON lines; `at` gives it with other iterations, at next to no cost."""

    def __init__(self, task: str, events: int, series: int = 10, seed: int = 1) -> None:
        """``events`` points, spread over ``series`` metrics."""
        chance = random.Random(seed)
        lines = [self._line(task, index, series, chance) for index in range(events)]
        self._steps = -(-events // series)
        self._bytes = np.frombuffer(bytearray("\n".join(lines), "utf-8"), np.uint8).copy()
        text = self._bytes.tobytes()
        starts, found = [], text.find(b'"iter": ')
        while found >= 0:
            starts.append(found + 8)
            found = text.find(b'"iter": ', found + 1)
        self._places = np.array(starts)[:, None] + np.arange(DIGITS)
        self._offsets = np.arange(events) // series

    @staticmethod
    def _line(task: str, index: int, series: int, chance: random.Random) -> str:
        event = {
            "type": "training_stats_scalar",
            "task": task,
            "timestamp": TIME + index,
            "metric": f"metric {index % series}",
            "variant": "train",
            "iter": 10**DIGITS // 10,
            "value": chance.gauss(0, 1),
            "allow_locked": True,
            "model_event": False,
            "method": "get",
        }
        return json.dumps(event)

    def at(self, batch: int) -> bytes:
        """The body of the ``batch``-th report of the task."""
        numbers = 10 ** (DIGITS - 1) + batch * self._steps + self._offsets
        digits = numbers[:, None] // 10 ** np.arange(DIGITS - 1, -1, -1) % 10
        self._bytes[self._places] = digits + ord("0")
        return self._bytes.tobytes()


@dataclass
class Load:
    """What came of it: points per second, the seconds that each request took, and how often the server hung up on one."""

    rate: float
    seconds: list[float]
    broken: int


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, body: bytes) -> None:
    writer.write(head % len(body) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode())
    length = next(int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length"))
    await reader.readexactly(length)


async def send(
    url: str, head: str, bodies: Sequence[Callable[[int], bytes]], events: int, seconds: float, first: int = 0
) -> tuple[Load, int]:
    """One connection per entry of ``bodies``, each sending what that gives for batch after batch, for so many seconds.

    ``head`` is the request line and headers but for the host and the length. Batches are counted from ``first``; also gives
    the number of the first batch that nobody sent. Plain sockets: the client shares the cores with the server, so it is as
    cheap as it can be.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    template = f"{head}\r\nHost: {host}:{port}\r\nContent-Length: %d\r\n\r\n".encode()
    taken: list[float] = []
    sent: list[int] = []
    broken: list[int] = []

    async def client(body: Callable[[int], bytes]) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        batch = first
        while time.perf_counter() < end:
            text = body(batch)
            began = time.perf_counter()
            try:
                await _post(reader, writer, template, text)
            except (EOFError, ConnectionError):
                broken.append(batch)
                writer.close()
                reader, writer = await asyncio.open_connection(host, port)
                continue
            taken.append(time.perf_counter() - began)
            batch += 1
        sent.append(batch)
        writer.close()

    began = time.perf_counter()
    end = began + seconds
    await asyncio.gather(*map(client, bodies))
    return Load(len(taken) * events / (time.perf_counter() - began), taken, len(broken)), max(sent)


async def load(url: str, key: tuple[str, str], tasks: list[str], events: int, seconds: float, first: int = 0) -> tuple[Load, int]:
    """Scalars as the SDK reports them, one client for each task; see `send`."""
    token = base64.b64encode(":".join(key).encode()).decode()
    head = f"POST /events.add_batch HTTP/1.1\r\nAuthorization: Basic {token}\r\nContent-Type: application/json-lines"
    return await send(url, head, [Body(task, events, seed=index).at for index, task in enumerate(tasks)], events, seconds, first)


async def make_tasks(url: str, key: tuple[str, str], count: int) -> list[str]:
    """Ids of new tasks."""
    async with aiohttp.ClientSession(url, auth=aiohttp.BasicAuth(*key)) as session:
        found = []
        for index in range(count):
            async with session.post("/tasks.create", json={"name": f"load {index}", "type": "training"}) as answer:
                found.append((await answer.json())["data"]["id"])
        return found
