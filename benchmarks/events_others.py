"""The same points reported to this server, to MLflow's and to Trackio's, each with its own defaults, in one run.

The newest MLflow and Trackio are installed into environments of their own under ``build/others``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from benchmarks.loading import TIME, Load, load, make_tasks, send
from benchmarks.report import figure

RUNS = 3
SECONDS = 3.0
CLIENTS = 8
SERIES = 10
START_SECONDS = 300.0
ENVIRONMENTS = Path(__file__).parents[1] / "build" / "others"
TRACKIO = "import trackio; trackio.show(open_browser=False, block_thread=True)"

Measure = Callable[[int], Load]
"""One run with requests of so many points."""


def installed(name: str) -> Path:
    """The folder of commands of an environment that holds the newest release of a package."""
    folder = ENVIRONMENTS / name
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", name], check=True)
        (folder / "installed").touch()
    return folder / "bin"


def version(name: str) -> str:
    """The installed version."""
    code = f"import importlib.metadata; print(importlib.metadata.version('{name}'))"
    return subprocess.run([installed(name) / "python", "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory(pid: int) -> float:
    """MiB of memory of a process and all its children; pages that they share count once."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for member in family:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@contextlib.contextmanager
def running(command: list[str | Path], folder: Path, port: int, **variables: str) -> Iterator[int]:
    """A server that answers on a port; its process."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "log").read_text()[-4000:])
            time.sleep(0.2)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def trackyard(folder: Path) -> Iterator[tuple[int, Measure]]:
    """This server."""
    key, first = (ACCESS_KEY, SECRET_KEY), 0
    with ServerProcess(folder) as server:
        tasks = asyncio.run(make_tasks(server.api, key, CLIENTS))

        def measure(points: int) -> Load:
            nonlocal first
            result, first = asyncio.run(load(server.api, key, tasks, points, SECONDS, first))
            return result

        yield server.pid, measure


@contextlib.contextmanager
def mlflow(folder: Path) -> Iterator[tuple[int, Measure]]:
    """MLflow: one request holds at most 1,000 points, so more are several requests."""
    port, first = free_port(), 0
    url = f"http://127.0.0.1:{port}"
    head = "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nContent-Type: application/json"
    with running([installed("mlflow") / "mlflow", "server", "--port", str(port)], folder, port) as pid:
        runs = [_mlflow_run(url) for _ in range(CLIENTS)]

        def measure(points: int) -> Load:
            nonlocal first
            points = min(points, 1000)
            result, first = asyncio.run(send(url, head, [_mlflow_body(run, points) for run in runs], points, SECONDS, first))
            return result

        yield pid, measure


def _mlflow_run(url: str) -> str:
    body = json.dumps({"experiment_id": "0", "start_time": TIME}).encode()
    request = urllib.request.Request(f"{url}/api/2.0/mlflow/runs/create", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["run"]["info"]["run_id"])


def _mlflow_body(run: str, points: int) -> Callable[[int], bytes]:
    values = [random.Random(1).gauss(0, 1) for _ in range(points)]

    def body(batch: int) -> bytes:
        start = batch * points
        metrics = [
            {"key": f"metric {k % SERIES}", "value": value, "timestamp": TIME + start + k, "step": (start + k) // SERIES}
            for k, value in enumerate(values)
        ]
        return orjson.dumps({"run_id": run, "metrics": metrics})

    return body


@contextlib.contextmanager
def trackio(folder: Path) -> Iterator[tuple[int, Measure]]:
    """Trackio: an entry holds one step of all series."""
    port, first = free_port(), 0
    url = f"http://127.0.0.1:{port}"
    head = "POST /api/bulk_log HTTP/1.1\r\nContent-Type: application/json\r\nX-Trackio-Write-Token: benchmark"
    variables = {"GRADIO_SERVER_PORT": str(port), "TRACKIO_WRITE_TOKEN": "benchmark", "TRACKIO_DIR": str(folder / "data")}
    with running([installed("trackio") / "python", "-c", TRACKIO], folder, port, **variables) as pid:

        def measure(points: int) -> Load:
            nonlocal first
            bodies = [_trackio_body(f"run {index}", points) for index in range(CLIENTS)]
            result, first = asyncio.run(send(url, head, bodies, points, SECONDS, first))
            return result

        yield pid, measure


def _trackio_body(run: str, points: int) -> Callable[[int], bytes]:
    steps, chance = points // SERIES, random.Random(1)
    metrics = [{f"metric {k}": chance.gauss(0, 1) for k in range(SERIES)} for _ in range(steps)]

    def body(batch: int) -> bytes:
        entry = {"project": "benchmark", "run": run, "run_id": run}
        logs = [{**entry, "metrics": values, "step": batch * steps + k} for k, values in enumerate(metrics)]
        return orjson.dumps({"logs": logs, "hf_token": None})

    return body


def main(sizes: tuple[int, ...] = (1000, 10_000), runs: int = RUNS) -> None:
    """Measure in turns and print."""
    try:
        names = {"Trackyard": trackyard, f"MLflow {version('mlflow')}": mlflow, f"Trackio {version('trackio')}": trackio}
    except subprocess.CalledProcessError as error:
        print(f"not measured: MLflow and Trackio cannot be installed ({error})")
        return
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        servers = {}
        for index, (label, start) in enumerate(names.items()):
            folder = Path(name) / str(index)
            folder.mkdir()
            servers[label] = stack.enter_context(start(folder))
            figure(f"{label}: memory when idle", memory(servers[label][0]), "MiB")
        broken: Counter[str] = Counter()
        for points in sizes:
            results: dict[str, list[float]] = {label: [] for label in servers}
            for _ in range(runs):
                for label, (_, measure) in servers.items():
                    result = measure(points)
                    results[label].append(result.rate)
                    broken[label] += result.broken
            base = ("Trackyard", statistics.median(results["Trackyard"]))
            for label, rates in results.items():
                figure(f"{label}: {CLIENTS} clients, {points:,} points a request", rates, "points/s", base)
        for label, (pid, _) in servers.items():
            figure(f"{label}: memory afterwards", memory(pid), "MiB")
            if broken[label]:
                print(f"  {label} hung up on {broken[label]} requests, which were sent again")


if __name__ == "__main__":
    main()
