"""Reading events: curves of short and long series, many tasks compared, names of metrics, pages and searches of a long log."""

from __future__ import annotations

import argparse
import asyncio
import base64
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
import numpy as np
from trackyard.core.contracts.events import CurveQuery, Entity, EventStore, LogQuery, LogSearch
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from benchmarks.filling import TIME, fill_curve, fill_log, fill_metrics
from benchmarks.loading import make_tasks
from benchmarks.report import figure

T = TypeVar("T")
RUNS = 15
KEY = (ACCESS_KEY, SECRET_KEY)
COMPARED = "events.multi_task_scalar_metrics_iter_histogram"


async def timed(work: Callable[[], Awaitable[object]], runs: int = RUNS) -> list[float]:
    """Milliseconds of each run, after one that is not counted."""
    await work()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def on_store(path: Path, work: Callable[[EventStore], Awaitable[T]]) -> T:
    """Run a coroutine on a store that is opened for it, as after a start."""

    async def run() -> T:
        store = await EmbeddedEventStore.open(path)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


@contextmanager
def running(server: ServerProcess) -> Iterator[None]:
    """Start a server again, and stop it."""
    server.start()
    try:
        yield
    finally:
        server.stop()


# --- curves ---


async def curves(store: EventStore, sizes: list[int], generator: np.random.Generator) -> None:
    """Curves of 2,000 drawn points from series of several lengths, and the bytes that a point costs."""
    base = None
    aims = {10**5: "1.5 ×", 10**6: "1.5 ×", 10**7: "2 ×"}
    for size in sizes:
        await fill_curve(store, f"curve{size}", size, generator)
        await store.settle()
        taken = await timed(lambda size=size: store.curves(CurveQuery("task", [f"curve{size}"])))  # type: ignore[misc]
        middle = figure(f"curve of {size:,} points, 2,000 drawn", taken, "ms", base, aims.get(size, ""))
        base = base or (f"that of {size:,}", middle)
        space = (await store.space("task", [f"curve{size}"]))[0]
        figure(f"  bytes per point of {size:,}", space.size / space.events, "B", aim="8")


async def zoom(store: EventStore, size: int) -> None:
    """The middle tenth of a long curve."""
    query = CurveQuery("task", [f"curve{size}"], start=size * 45 // 100, end=size * 55 // 100)
    figure(f"middle tenth of {size:,} points, 2,000 drawn", await timed(lambda: store.curves(query)), "ms")


def first_curves(path: Path, sizes: list[int]) -> None:
    """The first curve after a start, when nothing is remembered."""

    async def once(store: EventStore, size: int) -> float:
        await store.curves(CurveQuery("task", ["nobody"]))  # the thread and its connection
        began = time.perf_counter()
        await store.curves(CurveQuery("task", [f"curve{size}"]))
        return (time.perf_counter() - began) * 1000

    base = None
    for size in sizes:
        taken = [on_store(path, partial(once, size=size)) for _ in range(5)]
        middle = figure(f"  the same of {size:,} when nothing is remembered", taken, "ms", base)
        base = base or (f"that of {size:,}", middle)


# --- comparing, over HTTP ---


class Client:
    """Asks a server as the compare page does."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        token = base64.b64encode(":".join(KEY).encode()).decode()
        self._headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}

    async def ask(self, endpoint: str, body: dict[str, Any]) -> tuple[float, int]:
        """Milliseconds until the whole answer is there, and its bytes."""
        began = time.perf_counter()
        data = msgspec.json.encode(body)
        async with self._session.post(f"{self._url}/{endpoint}", data=data, headers=self._headers) as answer:
            content = await answer.read()
            if answer.status != 200:
                raise RuntimeError(content[:500].decode())
        return (time.perf_counter() - began) * 1000, len(content)


async def comparisons(server: ServerProcess, tasks: list[str], runs: int) -> dict[int, list[float]]:
    """The first comparison after a start (under 0), then some of each number of points."""
    async with aiohttp.ClientSession() as session:
        client = Client(server.api, session)
        await client.ask("events.get_task_metrics", {"tasks": tasks[:1]})
        found = {0: [(await client.ask(COMPARED, {"tasks": tasks, "samples": 600}))[0]]}
        for samples in (200, 600):
            found[samples] = [(await client.ask(COMPARED, {"tasks": tasks, "samples": samples}))[0] for _ in range(runs)]
    return found


def compare(server: ServerProcess, tasks: list[str], runs: int = 5) -> None:
    """A hundred tasks with ten metrics each of 10,000 points; the compare page asks for 600 of each curve."""
    taken: dict[int, list[float]] = {0: [], 200: [], 600: []}
    for _ in range(runs):
        with running(server):
            for samples, values in asyncio.run(comparisons(server, tasks, runs)).items():
                taken[samples] += values
    name = f"{len(tasks)} tasks × 10 metrics × 10,000 points over HTTP"
    figure(f"{name}, 600 drawn", taken[600], "ms", aim="300")
    figure(f"{name}, 200 drawn", taken[200], "ms")
    figure("  600 drawn, the first after a start", taken[0], "ms", aim="300")


async def names(server: ServerProcess, task: str, metrics: int) -> None:
    """The names of very many metrics."""
    async with aiohttp.ClientSession() as session:
        client = Client(server.api, session)
        for endpoint, body in (
            ("events.get_scalar_metrics_and_variants", {"task": task}),
            ("events.get_multi_task_metrics", {"tasks": [task], "event_type": "training_stats_scalar"}),
        ):
            taken = [(await client.ask(endpoint, body))[0] for _ in range(6)][1:]
            figure(f"{endpoint}, {metrics:,} metrics, over HTTP", taken, "ms")


# --- logs ---

NEEDLES = {
    "nothing": "traceback",
    "nothing, case matters": "Zebra!",
    "nothing, though all its parts occur (worst case)": "kw",
}


async def log(store: EventStore, lines: int, generator: np.random.Generator) -> None:
    """Pages at both ends and in the middle, searches for a line at the end and for none, bytes stored per byte of text."""
    task = f"log{lines}"
    text = await fill_log(store, task, lines, generator)
    await store.settle()
    entity = Entity("task", task)
    for place, after in (("beginning", None), ("middle", TIME + lines // 2), ("end", TIME + lines - 1500)):
        taken = await timed(lambda after=after: store.logs(LogQuery(entity, after=after, newest=False, limit=1000)))  # type: ignore[misc]
        figure(f"1,000 of {lines:,} log lines, {place}", taken, "ms", aim="20")
    newest = await timed(lambda: store.logs(LogQuery(entity, before=TIME + lines // 3, newest=True, limit=1000)))
    figure(f"1,000 of {lines:,} log lines, backwards from a third", newest, "ms", aim="20")
    for what, needle in {"one line near the end": f"[{lines - 5:>9}]", **NEEDLES}.items():
        taken = await timed(lambda needle=needle: whole_search(store, task, needle), 5)  # type: ignore[misc]
        figure(f"search in {lines:,} lines that finds {what}", taken, "ms", aim="1,000")
    space = (await store.space("task", [task]))[0]
    figure("  bytes stored per byte of log text", space.size / text, "", aim="0.35")


async def whole_search(store: EventStore, task: str, needle: str) -> int:
    """All hits, however many calls it takes."""
    query = LogSearch("task", [task], needle, match_case=needle[0].isupper())
    hits = 0
    while True:
        page = await store.search_logs(query)
        hits += len(page.hits)
        if not page.next:
            return hits
        query = LogSearch(query.kind, query.entities, query.text, query.match_case, cursor=page.next)


async def measure(store: EventStore, sizes: list[int], lines: list[int], generator: np.random.Generator) -> None:
    """What needs no server."""
    await curves(store, sizes, generator)
    await zoom(store, sizes[-1])
    for size in lines:
        await log(store, size, generator)


def main(
    sizes: tuple[int, ...] = (10**4, 10**5, 10**6, 10**7), lines: tuple[int, ...] = (10**6, 10**7), metrics: int = 20_000
) -> None:
    """Measure and print."""
    generator = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as name, ServerProcess(Path(name) / "server") as server:
        *compared, many = asyncio.run(make_tasks(server.api, KEY, 101))
        server.stop()
        path = server.data_dir / "events.db"
        on_store(path, lambda store: measure(store, list(sizes), list(lines), generator))
        first_curves(path, list(sizes))
        on_store(path, lambda store: fill_tasks(store, compared, many, metrics, generator))
        compare(server, compared)
        with running(server):
            asyncio.run(names(server, many, metrics))
        given_back(path)


def given_back(path: Path) -> None:
    """Bytes on the disk before and after everything is deleted, and how long a deletion takes to be true."""

    async def forget(store: EventStore) -> float:
        tasks = [space.entity.id for space in await store.space("task")]
        began = time.perf_counter()
        await store.delete("task", tasks)
        taken = (time.perf_counter() - began) * 1000
        await store.settle()
        return taken

    before = path.stat().st_size
    figure("deleting the events of all these tasks", on_store(path, forget), "ms")
    figure("  the file afterwards", path.stat().st_size / 2**20, "MiB", ("the file before", before / 2**20))


async def fill_tasks(store: EventStore, compared: list[str], many: str, metrics: int, generator: np.random.Generator) -> None:
    """The tasks that the server is asked for."""
    for task in compared:
        await fill_metrics(store, task, 10, 10_000, generator)
    await fill_metrics(store, many, metrics, 3, generator)
    await store.settle()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10**7, help="lines of the long log")
    main(lines=(parser.parse_args().lines,))
