"""Checks that a test leaves nothing behind: asyncio tasks, threads, open files and sockets."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

DEADLINE = 60.0
"""Seconds for threads and connections to end that were told to."""


def threads() -> set[threading.Thread]:
    """Threads that keep running when a test ends; those of an event loop's own pool end with the loop."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith(("asyncio_", "pytest_timeout"))}


def open_files() -> dict[str, int]:
    """Open sockets and files of this process: what each is, and how often. Devices, pipes and libraries don't count."""
    found: dict[str, int] = {}
    for entry in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").exists() else ():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        kind = "socket" if target.startswith("socket:") else target
        if kind == "socket" or (target.startswith("/") and not target.startswith(("/dev/", "/proc/", "/sys/"))):
            found[kind] = found.get(kind, 0) + 1
    return found


@contextmanager
def no_leaked_resources() -> Iterator[None]:
    """Fail when threads, files or sockets of the block stay open after it; waits for those that are ending."""
    threads_before, files_before = threads(), open_files()
    yield
    leaked: list[str] = []
    end = time.monotonic() + DEADLINE
    while leaked := _new_threads(threads_before) + _new_files(files_before):
        if time.monotonic() > end:
            break
        gc.collect()
        time.sleep(0.02)
    assert not leaked, f"left open: {', '.join(leaked)}"


@asynccontextmanager
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fail when asyncio tasks of the block still run after it; those that are ending get turns of the loop to do so."""
    before = asyncio.all_tasks()
    yield
    leaked: set[asyncio.Task[Any]] = set()
    end = time.monotonic() + DEADLINE
    while leaked := {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}:
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.01)
    assert not leaked, f"still running: {', '.join(sorted(task.get_name() for task in leaked))}"


def _new_threads(before: set[threading.Thread]) -> list[str]:
    return [f"thread {thread.name}" for thread in sorted(threads() - before, key=lambda thread: thread.name)]


def _new_files(before: dict[str, int]) -> list[str]:
    return [name for name, count in sorted(open_files().items()) if count > before.get(name, 0)]
