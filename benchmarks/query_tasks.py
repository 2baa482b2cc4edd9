"""A page of 50 tasks out of 10,000 and of 100,000 in SQLite: sorted, searched, filtered and scrolled as tables ask for."""

import asyncio
import hashlib
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from trackyard.core import query
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.identity import DEFAULT_COMPANY, Identity
from trackyard.core.store import name_hash
from trackyard.core.store.values import path_text, value_number
from trackyard.storage_backends.metadata_sql.backend import SqliteBackend

from benchmarks.report import figure

SIZES = (10_000, 100_000)
NAMES = 200
"""Hyperparameters and metrics in use."""
EACH = 10
"""Hyperparameters and metrics of one task."""
ROUNDS = 9
START = 1_750_000_000_000
ME = Identity(user="me", name="Me")
TAG_MARK = "\x1f"

TABLE_FIELDS = [
    "name",
    "status",
    "tags",
    "last_update",
    "user.name",
    "project.name",
    "hyperparams.Args.p3.value",
    "runtime.progress",
]
LIST = {
    "only_fields": TABLE_FIELDS,
    "page_size": 50,
    "system_tags": ["__$not", "archived", "__$not", "pipeline", "__$not", "reports"],
}


def metric_path(number: int, which: str = "value") -> str:
    """The path of a metric's number."""
    return f"last_metrics.{name_hash(f'metric {number}')}.{name_hash('train')}.{which}"


def fill(path: Path, tasks: int = SIZES[-1]) -> None:
    """Store so many tasks with plain statements: the units of work of real clients would take far longer."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    chance = random.Random(1)
    names = [(number, f"hyperparams.Args.p{number}.value") for number in range(NAMES)]
    names += [(NAMES, "tags"), (NAMES + 1, "runtime.progress"), (NAMES + 2, path_text(("runtime", "pipeline_job_hash")))]
    connection.executemany("INSERT INTO field_paths (num, path) VALUES (?, ?)", names)
    metrics = [(n, name_hash(f"metric {n}"), name_hash("train"), f"metric {n}", "train") for n in range(NAMES)]
    connection.executemany("INSERT INTO metric_names VALUES (?, ?, ?, ?, ?)", metrics)
    projects = [(n, f"{n:032x}", DEFAULT_COMPANY, f"project {n}", f"project {n}", "[]", "", "") for n in range(20)]
    connection.executemany(
        "INSERT INTO projects (num, id, company, name, basename, path, tags, system_tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        projects,
    )
    task = "INSERT INTO tasks (num, id, company, user, name, type, status, project, created, started, last_update, last_change, "
    task += f"last_iteration, tags, system_tags) VALUES ({', '.join('?' * 15)})"
    connection.executemany(task, _tasks(chance, tasks))
    connection.executemany(
        "INSERT INTO task_documents (owner, field, value) VALUES (?, ?, ?)", _documents(random.Random(2), tasks)
    )
    connection.executemany(
        "INSERT INTO task_values (owner, path, number, text) VALUES (?, ?, ?, ?)", _values(random.Random(2), tasks)
    )
    connection.executemany(
        "INSERT INTO task_metrics (owner, name, value, min_value, max_value, count) VALUES (?, ?, ?, ?, ?, 1)",
        _metrics(chance, tasks),
    )
    connection.commit()
    connection.close()


def _tasks(chance: random.Random, tasks: int) -> Iterator[tuple[Any, ...]]:
    for number in range(tasks):
        moment = START + number * 1000
        identifier = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        tags = f"{TAG_MARK}tag{number % 50}{TAG_MARK}"
        system = f"{TAG_MARK}archived{TAG_MARK}" if number % 10 == 0 else f"{TAG_MARK}development{TAG_MARK}"
        name = f"{chance.choice(('train', 'test', 'tune'))} network {number} on data {number % 1000}"
        status = chance.choice(("created", "completed", "failed", "in_progress"))
        yield (
            number, identifier, DEFAULT_COMPANY, "me", name, "training", status, f"{number % 20:032x}", moment,
            moment + 500 if number % 3 else None, moment + chance.randrange(10**8), moment, number % 5000, tags, system,
        )  # fmt: skip


def _parameters(chance: random.Random, tasks: int) -> Iterator[tuple[int, int, str]]:
    for number in range(tasks):
        for parameter in chance.sample(range(NAMES), EACH):
            yield number, parameter, str(chance.random()) if parameter % 2 else f"text {chance.randrange(1000)}"


def _documents(chance: random.Random, tasks: int) -> Iterator[tuple[int, str, str]]:
    for number, group in itertools.groupby(_parameters(chance, tasks), key=lambda row: row[0]):
        items = ",".join(f'"p{p}":{{"section":"Args","name":"p{p}","value":"{value}"}}' for _, p, value in group)
        yield number, "hyperparams", f'{{"Args":{{{items}}}}}'
        yield number, "runtime", '{"progress":"50"}'
        yield number, "script", f'{{"repository":"git","diff":"{"+ line " * 400}"}}'


def _values(chance: random.Random, tasks: int) -> Iterator[tuple[int, int, float, str]]:
    for number, parameter, value in _parameters(chance, tasks):
        yield number, parameter, value_number(value), value
    for number in range(tasks):
        yield number, NAMES, float("inf"), f"tag{number % 50}"
        yield number, NAMES + 1, 50.0, "50"


def _metrics(chance: random.Random, tasks: int) -> Iterator[tuple[Any, ...]]:
    for number in range(tasks):
        for metric in chance.sample(range(NAMES), EACH):
            value = chance.random()
            yield number, metric, value, value / 2, value * 2


def questions(tasks: int) -> dict[str, dict[str, Any]]:
    """What is asked of so many tasks, by name."""
    far = tasks * 3 // 4 // 50
    day = "2025-06-20T00:00:00"
    return {
        "newest first": {"order_by": ["-last_update"]},
        "oldest first, ascending": {"order_by": ["started"]},
        "by name": {"order_by": ["name"]},
        "by a date that few have": {"order_by": ["-published"]},
        "by iteration": {"order_by": ["-last_iteration"]},
        "by metric, descending": {"order_by": [f"-{metric_path(7)}"]},
        "by metric, least value": {"order_by": [metric_path(8, "min_value")]},
        "by metric, in one project": {"order_by": [f"-{metric_path(7)}"], "project": [f"{3:032x}"]},
        "by numeric hyperparameter": {"order_by": ["-hyperparams.Args.p3.value"]},
        "by text hyperparameter": {"order_by": ["hyperparams.Args.p4.value"]},
        "by hyperparameter, in one project": {"order_by": ["hyperparams.Args.p4.value"], "project": [f"{3:032x}"]},
        "one project, newest first": {"order_by": ["-last_update"], "project": [f"{3:032x}"]},
        "pattern that many match": {
            "_any_": {"fields": ["name", "id", "comment"], "pattern": "network"},
            "order_by": ["-last_update"],
        },
        "pattern that few match": {"_any_": {"fields": ["name", "id"], "pattern": "work 99999"}, "order_by": ["-last_update"]},
        "pattern that none match": {"_any_": {"fields": ["name"], "pattern": "quux"}, "order_by": ["-last_update"]},
        "exact name": {"name": "^train\\ network\\ 77\\ on\\ data\\ 77$"},
        "tag": {"tags": ["tag7"], "order_by": ["-last_update"]},
        "two tags that never meet": {"tags": ["__$all", "tag7", "tag8"], "order_by": ["-last_update"]},
        "metric range": {metric_path(7): [0.999, None], "order_by": ["-last_update"]},
        "hyperparameter value": {"hyperparams.Args.p4.value": ["text 5"], "order_by": ["-last_update"]},
        "date range": {"started": [day, None], "order_by": ["-last_update"]},
        "far page, by offset": {"order_by": ["-last_update"], "page": far},
        "far page of a metric, by offset": {"order_by": [f"-{metric_path(7)}"], "page": far},
    }


async def timed(work: Callable[[], Awaitable[Any]]) -> list[float]:
    """Some rounds in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await work()
        times.append((time.perf_counter() - start) * 1000)
    return times


async def deep_scroll(store: MetadataStore, order: list[str], tasks: int) -> list[float]:
    """The times of a step of a scroll after half of the tasks."""
    body = {**LIST, "order_by": order, "size": tasks // 20, "scroll_id": None, "only_fields": ["id"]}
    for _ in range(10):
        body["scroll_id"] = (await query.page(store, query.TASKS, body, ME)).scroll_id
    body |= {"size": 50, "only_fields": TABLE_FIELDS}
    return await timed(lambda: query.page(store, query.TASKS, body, ME, expand=True))


async def stored(folder: Path, tasks: int) -> MetadataStore:
    """A store with so many tasks."""
    await (await SqliteBackend().open("sqlite:", folder)).close()
    start = time.perf_counter()
    fill(folder / "metadata.db", tasks)
    took, size = time.perf_counter() - start, (folder / "metadata.db").stat().st_size / 2**20
    print(f"{tasks:,} tasks with {EACH} of {NAMES} hyperparameters and metrics each, stored in {took:.0f} s: {size:.0f} MiB")
    return await SqliteBackend().open("sqlite:", folder)


async def measure(folder: Path, tasks: int) -> dict[str, list[float]]:
    """Fill a store and ask; the times by name."""
    store = await stored(folder, tasks)
    found: dict[str, list[float]] = {}
    for name, body in questions(tasks).items():
        found[name] = await timed(lambda b=body: query.page(store, query.TASKS, {**LIST, **b}, ME, expand=True))  # type: ignore[misc]
    for name, order in (("scroll after half, by date", ["-last_update"]), ("the same by metric", [f"-{metric_path(7)}"])):
        found[name] = await deep_scroll(store, order, tasks)
    await store.close()
    return found


def main() -> None:
    """Measure in temporary folders; the figures are those of the greater store, next to those of the smaller one."""
    found = {}
    for tasks in SIZES:
        with tempfile.TemporaryDirectory(prefix="trackyard-query-") as folder:
            found[tasks] = asyncio.run(measure(Path(folder), tasks))
    few, many = SIZES
    for name, times in found[many].items():
        base = (f"{few:,} ({statistics.median(found[few][name]):.1f} ms)", statistics.median(found[few][name]))
        figure(name, times, "ms", base, aim="50 at most")
