"""Requests a second of calls that agents and the SDK make most, by 1 and 32 connections, against a bare handler's."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from benchmarks.report import figure

SECONDS = 3.0
CONNECTIONS = (1, 32)
WAITING = 3_000
"""Tasks that wait before pops are measured."""


def serve_bytes(answer: bytes, pipe: Connection) -> None:
    """In a process of its own: a handler that reads the body and answers with the same bytes each time; sends its port."""

    async def run() -> None:
        async def handle(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(body=answer, content_type="application/json")

        app = web.Application()
        app.router.add_post("/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


@contextlib.contextmanager
def bare(answer: bytes) -> Iterator[int]:
    """The port of a bare server with one answer."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_bytes, args=(answer, there))
    process.start()
    try:
        yield int(here.recv())
    finally:
        process.terminate()
        process.join()


def request_bytes(port: int, path: str, body: dict[str, Any]) -> bytes:
    """A request as it goes over the wire."""
    key = base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()
    content = json.dumps(body).encode()
    head = f"POST /{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The body of the answer to a request over a kept connection."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return await reader.readexactly(length)


async def rate(port: int, request: Callable[[int], bytes], connections: int) -> float:
    """Requests a second over so many connections, each with one request at a time."""
    done = 0
    end = time.perf_counter() + SECONDS

    async def client() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        text = request(port)
        while time.perf_counter() < end:
            await exchange(reader, writer, text)
            done += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return done / (time.perf_counter() - began)


async def compare(server: ServerProcess, name: str, body: dict[str, Any]) -> None:
    """Print the rate of an endpoint, and that of a bare handler with the answer that the endpoint gave."""

    def request(port: int) -> bytes:
        return request_bytes(port, name, body)

    reader, writer = await asyncio.open_connection("127.0.0.1", server.api_port)
    answer = await exchange(reader, writer, request(server.api_port))
    writer.close()
    with bare(answer) as port:
        for connections in CONNECTIONS:
            base = await rate(port, request, connections)
            ours = await rate(server.api_port, request, connections)
            title = f"{name}, {connections} connection{'s' if connections > 1 else ''}, {len(answer):,} bytes"
            figure(title, ours, "requests/s", (f"a bare handler ({base:,.0f})", base))


async def measure(server: ServerProcess) -> None:
    """Make a task and a queue in which tasks wait, and measure."""
    async with aiohttp.ClientSession() as session:
        api = Api(session, {"api": server.api})
        parameters = {f"p{number}": {"section": "Args", "name": f"p{number}", "value": "0.1"} for number in range(20)}
        task = (await api.call("tasks.create", name="measured", type="training", hyperparams={"Args": parameters}))["id"]
        queue = (await api.call("queues.create", name="measured"))["id"]
        empty = (await api.call("queues.create", name="nothing waits"))["id"]
        for number in range(WAITING):
            waiting = (await api.call("tasks.create", name=f"waiting {number}", type="training"))["id"]
            await api.call("tasks.enqueue", task=waiting, queue=queue)
        await compare(server, "tasks.get_by_id", {"task": task})
        await compare(server, "tasks.ping", {"task": task})
        await compare(server, "queues.get_next_task", {"queue": empty})
        await compare(server, "queues.get_next_task", {"queue": queue})
        left = (await api.call("queues.get_num_entries", queue=queue))["num"]
        print(f"{WAITING - left:,} of {WAITING:,} waiting tasks were popped" + ("" if left else ": the last pops found nothing"))


def main() -> None:
    """Measure against a server with SQLite."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder)) as server:
        asyncio.run(measure(server))
