"""The process runtime: a process of its own for each task, with a virtual environment per set of requirements.

It serves where no engine is and isolates nothing, so it must be chosen by name (``runtime = "process"``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from trackyard.core.runtimes import Exit, ExitCause, RuntimeLimits, TaskLaunch

RUNNER = Path(__file__).with_name("runner.py")
LOOK_SECONDS = 0.5
VARIABLES = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_*", "TZ", "LD_LIBRARY_PATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"),
)
"""What every task gets of the agent's environment. The rest may hold secrets and stays with the agent."""


class ProcessRuntime:
    """Processes of this machine; everything about one is in a folder of its own, so that a restart finds it."""

    name = "process"

    def __init__(self, folder: Path, variables: Sequence[str] = ()) -> None:
        """``folder`` keeps the processes' folders and the virtual environment; ``variables`` are passed on, too."""
        self._folder = folder
        self._variables = (*VARIABLES, *variables)
        self._python = folder / "venv" / "bin" / "python"

    async def open(self, agent: str) -> None:
        """Make the virtual environment, which sees the packages of this one."""
        await asyncio.to_thread(self._prepare)

    async def close(self) -> None:
        """Nothing is held; what runs goes on."""

    async def running(self) -> dict[str, Exit | None]:
        """Every task that has a folder."""
        return await asyncio.to_thread(lambda: {path.name: self._exit(path.name) for path in (self._folder / "tasks").iterdir()})

    async def launch(self, launch: TaskLaunch, limits: RuntimeLimits) -> None:
        """Start the host of its process."""
        await asyncio.to_thread(self._launch, launch)

    async def wait(self, task: str) -> Exit:
        """Look until it has ended."""
        while (ended := await asyncio.to_thread(self._exit, task)) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_SECONDS)
        return ended

    async def output(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        """The lines of its output file after ``since``."""
        place = 0
        while True:
            ended = await asyncio.to_thread(self._exit, task) is not None
            lines, place = await asyncio.to_thread(self._read, task, place)
            for when, text in lines:
                if when > since:
                    yield when, text
            if ended and not lines:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def statistics(self, task: str) -> Mapping[str, float]:
        """The resident memory of the task's process in MB."""
        return await asyncio.to_thread(self._usage, task)

    async def stop(self, task: str, grace: float) -> None:
        """SIGTERM to its process group, and SIGKILL after ``grace`` seconds."""
        await asyncio.to_thread(self._signal, task, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wait(task), grace)
            return
        await asyncio.to_thread(self._signal, task, signal.SIGKILL)
        await self.wait(task)

    async def remove(self, task: str) -> None:
        """Remove its folder."""
        await asyncio.to_thread(shutil.rmtree, self._place(task), ignore_errors=True)

    def _place(self, task: str) -> Path:
        if not task.isalnum():
            raise ValueError(f"not the id of a task: {task!r}")
        return self._folder / "tasks" / task

    def _prepare(self) -> None:
        (self._folder / "tasks").mkdir(parents=True, exist_ok=True)
        if not self._python.exists():
            subprocess.run(
                [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(self._folder / "venv")], check=True
            )
            site = next((self._folder / "venv" / "lib").glob("python*")) / "site-packages"
            # the packages of this environment (pip among them), which may be a virtual one itself
            (site / "trackyard-parent.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))

    def _launch(self, launch: TaskLaunch) -> None:
        place = self._place(launch.task)
        if (place / "pids").exists() or (place / "exit").exists():
            return
        place.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if self._passes(key)}
        host = [sys.executable, "-m", "trackyard.agent_services.process_host", str(place), str(self._python), str(RUNNER)]
        nothing = subprocess.DEVNULL
        subprocess.run(host, env={**kept, **launch.environment}, stdin=nothing, stdout=nothing, stderr=nothing, check=True)
        _until_there(place / "pids", place / "exit")

    def _passes(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._variables)

    def _exit(self, task: str) -> Exit | None:
        place = self._place(task)
        try:
            code = int((place / "exit").read_text())
        except OSError:
            return None if _alive(place) else self._exit_of_lost(place)
        if code == 0:
            return Exit(ExitCause.FINISHED, 0)
        return Exit(ExitCause.KILLED if code < 0 else ExitCause.FAILED, code)

    def _exit_of_lost(self, place: Path) -> Exit:
        """The host is gone: it wrote the exit in the meantime, or was killed."""
        with contextlib.suppress(OSError):
            code = int((place / "exit").read_text())
            return Exit(ExitCause.FINISHED if code == 0 else ExitCause.FAILED, code)
        return Exit(ExitCause.LOST)

    def _read(self, task: str, place: int) -> tuple[list[tuple[float, str]], int]:
        try:
            with (self._place(task) / "output").open("rb") as file:
                file.seek(place)
                raw = file.read(2**20)
        except OSError:
            return [], place
        whole = raw[: raw.rfind(b"\n") + 1]
        lines = []
        for line in whole.decode(errors="replace").split("\n")[:-1]:
            when, _, text = line.partition(" ")
            lines.append((float(when), text))
        return lines, place + len(whole)

    def _usage(self, task: str) -> Mapping[str, float]:
        try:
            status = Path(f"/proc/{_pids(self._place(task))['task']}/status").read_text()
            resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        except (OSError, StopIteration, KeyError, ValueError):
            return {}
        return {"memory_used": resident / 1024}

    def _signal(self, task: str, number: int) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError):
            os.killpg(_pids(self._place(task))["task"], number)


def _pids(place: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((place / "pids").read_text())
    return found


def _alive(place: Path) -> bool:
    """Whether the host of the process in this folder lives; a number that another program has by now does not count."""
    try:
        command = Path(f"/proc/{_pids(place)['host']}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return str(place).encode() in command


def _until_there(*paths: Path) -> None:
    end = time.monotonic() + 60
    while not any(path.exists() for path in paths) and time.monotonic() < end:
        time.sleep(0.02)
