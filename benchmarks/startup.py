"""Start to ready, idle memory, and an SDK script against this server and against a bare stub."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from trackyard.core.testing.server import ServerProcess

from benchmarks.report import figure

RUNS = 5
SCRIPT = """
import logging
from clearml import Task
task = Task.init("benchmark", "a run", auto_connect_frameworks=False, auto_resource_monitoring=False)
task.connect({"lr": 0.1, "batch": 32})
logger = task.get_logger()
for iteration in range(1000):
    logger.report_scalar("loss", "train", 1 / (iteration + 1), iteration)
task.upload_artifact("numbers", {"a": 1}, wait_on_upload=True)
task.close()
"""


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@contextlib.contextmanager
def stub_url() -> Iterator[str]:
    """A bare stub in a process of its own; gives its URL."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.stub"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def script_seconds(environment: dict[str, str], folder: Path) -> float:
    """How long the script takes, from the start of its process to its end."""
    path = folder / "run.py"
    path.write_text(SCRIPT)
    began = time.perf_counter()
    subprocess.run([sys.executable, str(path)], cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    starts, memory = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in range(RUNS):
            with contextlib.closing(ServerProcess(folder / f"server{run}")) as server:
                began = time.perf_counter()
                server.start()
                starts.append(time.perf_counter() - began)
                time.sleep(1)
                memory.append(resident(server.pid))
        figure("start to ready, an empty data directory", starts, "s", aim="1.2")
        figure("idle memory, resident", memory, "MiB", aim="120")
        compare(folder)


def compare(folder: Path) -> None:
    """The script against the stub and against a server, in turns."""
    with stub_url() as stub, ServerProcess(folder / "compared") as server:
        ours = server.client_environment(folder / "home")
        # without it the SDK may fork while a thread of its own starts git, and then hangs by itself
        (folder / "home" / "clearml.conf").write_text("sdk.development.report_use_subprocess: false\n")
        bare = {**ours, "CLEARML_API_HOST": stub, "CLEARML_FILES_HOST": stub, "CLEARML_WEB_HOST": stub}
        against_stub, against_us = [], []
        for _ in range(RUNS):
            against_stub.append(script_seconds(bare, folder))
            against_us.append(script_seconds(ours, folder))
    base = figure("an SDK script with 1,000 scalars, against a bare stub", against_stub, "s")
    figure("the same script against this server", against_us, "s", ("the stub", base))
