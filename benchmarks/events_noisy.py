"""One task that floods the server with scalars, and how long everybody else waits: heartbeats, others' logs, the web."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from benchmarks.loading import TIME, Load, load, make_tasks
from benchmarks.report import figure

SECONDS = 8.0
FLOODING = 8
"""Connections of the noisy task."""
EVENTS = 10_000
PAUSE = 0.05
"""Seconds between two requests of the same kind."""

Ask = tuple[str, str, bytes, str]
"""What it is, URL, body and type of content."""


def asks(server: ServerProcess, task: str) -> list[Ask]:
    """What the others want."""
    line = {"type": "log", "task": task, "timestamp": TIME, "level": "INFO", "msg": "still here", "worker": "host"}
    heartbeat = json.dumps({"worker": "host:0", "timestamp": TIME}).encode()
    return [
        ("heartbeat of an agent", f"{server.api}/workers.status_report", heartbeat, "application/json"),
        ("ping of another task", f"{server.api}/tasks.ping", json.dumps({"task": task}).encode(), "application/json"),
        ("line of another task's log", f"{server.api}/events.add_batch", json.dumps(line).encode(), "application/json-lines"),
        ("login page", f"{server.web}/login", b"", ""),
    ]


async def times(session: aiohttp.ClientSession, ask: Ask, seconds: float) -> list[float]:
    """Milliseconds of each answer."""
    _, url, body, kind = ask
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        sent = session.post(url, data=body, headers={"Content-Type": kind}) if body else session.get(url)
        async with sent as answer:
            await answer.read()
            answer.raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PAUSE)
    return taken


async def ask_all(server: ServerProcess, task: str, seconds: float) -> dict[str, list[float]]:
    """All of `asks` at once, each again and again."""
    wanted = asks(server, task)
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth(ACCESS_KEY, SECRET_KEY)) as session:
        async with session.post(f"{server.api}/workers.register", json={"worker": "host:0"}) as answer:
            answer.raise_for_status()
        found = await asyncio.gather(*(times(session, ask, seconds) for ask in wanted))
    return {ask[0]: taken for ask, taken in zip(wanted, found, strict=True)}


async def flooded(server: ServerProcess, noisy: str, quiet: str, seconds: float) -> tuple[dict[str, list[float]], Load]:
    """The same while the noisy task reports as fast as it can."""
    key = (ACCESS_KEY, SECRET_KEY)
    taken, (flood, _) = await asyncio.gather(
        ask_all(server, quiet, seconds), load(server.api, key, [noisy] * FLOODING, EVENTS, seconds)
    )
    return taken, flood


def main(seconds: float = SECONDS) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name, ServerProcess(Path(name)) as server:
        noisy, quiet = asyncio.run(make_tasks(server.api, (ACCESS_KEY, SECRET_KEY), 2))
        before = asyncio.run(ask_all(server, quiet, seconds))
        during, flood = asyncio.run(flooded(server, noisy, quiet, seconds))
        figure(f"one task floods with {FLOODING} connections, {EVENTS:,} points a request", flood.rate, "points/s")
        for what, taken in during.items():
            figure(f"  {what} meanwhile", taken, "ms", ("without", statistics.median(before[what])))
            figure("    99th of 100", sorted(taken)[int(len(taken) * 0.99)], "ms")


if __name__ == "__main__":
    main()
