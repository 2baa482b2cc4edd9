"""500 agents that poll and report for one minute while tasks are queued: errors, what was handed out, CPU of the servers."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from trackyard.core.testing import postgresql
from trackyard.core.testing.agents import Agent, History, enqueue
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from benchmarks.idle_agents import AGENTS, POLL_SECONDS, REPORT_SECONDS, cpu_seconds
from benchmarks.report import figure

SECONDS = 60.0
TASKS_A_SECOND = 2.0
TOKEN_KEY = "the-same-for-servers-that-share-a-database"


async def minute(servers: list[ServerProcess]) -> None:
    """Let the agents live for a minute, each with one of the servers, and print what it cost."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(120)) as session:
        apis = [await Api(session, {"api": server.api}).with_token() for server in servers]
        queues = [(await apis[0].call("queues.create", name=f"of the agents {number}"))["id"] for number in range(2)]
        history, end = History(), asyncio.Event()
        agents = [
            Agent(apis[number % len(apis)], f"simulated:{number}", queues[number % 2 :], history) for number in range(AGENTS)
        ]
        for agent in agents:
            await agent.register()
        before, calls, began = [cpu_seconds(server.pid) for server in servers], history.calls, time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, agent in enumerate(agents):
                group.create_task(agent.live(end, number / AGENTS * POLL_SECONDS, POLL_SECONDS, REPORT_SECONDS))
            await _produce(apis, queues, history)
            took = time.perf_counter() - began
            used = [cpu_seconds(server.pid) - old for server, old in zip(servers, before, strict=True)]
            calls = history.calls - calls
            while history.lost:
                await asyncio.sleep(0.2)
            end.set()
        history.expect_nothing_wrong()
        await _expect_completed(apis[-1], history)
    print(
        f"{AGENTS} agents, {len(servers)} server(s), {took:.0f} s: {calls:,} calls, {len(history.queued)} tasks, each given once"
    )
    for number, share in enumerate(used):
        figure(f"share of one core, server {number + 1}", share / took * 100, "%", aim="25 at most")
    figure("CPU for each call", sum(used) / calls * 1000, "ms")


async def _produce(apis: list[Api], queues: list[str], history: History) -> None:
    """Queue tasks by way of each server in turn until the minute is over."""
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < SECONDS:
        if count < passed * TASKS_A_SECOND:
            await enqueue(apis[count % len(apis)], queues[count % 2], f"of an agent {count}", history)
            count += 1
        else:
            await asyncio.sleep(0.05)


async def _expect_completed(api: Api, history: History) -> None:
    answer = await api.call("tasks.get_all", id=history.queued, only_fields=["status"])
    assert {task["status"] for task in answer["tasks"]} == {"completed"}


@contextlib.contextmanager
def two_servers(folder: Path) -> Iterator[list[ServerProcess]]:
    """Two processes on one PostgreSQL database."""
    with postgresql.cluster() as cluster, contextlib.ExitStack() as stack:
        shared = {"TRACKYARD__STORAGE__METADATA": cluster.create_database("shared"), "TRACKYARD__IDENTITY__TOKEN_KEY": TOKEN_KEY}
        yield [stack.enter_context(ServerProcess(folder / name, environment=shared)) for name in ("one", "two")]


def main() -> None:
    """Measure one process with SQLite, then two with PostgreSQL."""
    with tempfile.TemporaryDirectory() as name:
        with ServerProcess(Path(name) / "sqlite") as server:
            asyncio.run(minute([server]))
        with two_servers(Path(name)) as servers:
            asyncio.run(minute(servers))
