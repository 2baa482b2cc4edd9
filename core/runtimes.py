"""Task runtimes: where a services agent launches tasks (containers, processes, jobs of a cluster)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class TaskLaunch:
    """What to launch: the task, its container's image and arguments, and the environment of the runner."""

    task: str
    name: str
    image: str = ""
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RuntimeLimits:
    """Limits of one task: memory in bytes and CPUs (0: none)."""

    memory: int = 0
    cpus: float = 0.0


class ExitCause(StrEnum):
    """Why a task's container or process is no longer there."""

    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    OUT_OF_MEMORY = "out of memory"
    LOST = "lost"


@dataclass(frozen=True)
class Exit:
    """How it ended: the cause, the exit code if there was one, and what else the runtime tells."""

    cause: ExitCause
    code: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        told = str(self.cause) if self.code is None else f"{self.cause} (exit code {self.code})"
        return f"{told}: {self.detail}" if self.detail else told


class TaskRuntime(Protocol):
    """Launches tasks and tells of them. Every method may be called again after a failure; none blocks the event loop.

    What was launched outlives the agent: after its restart ``running`` tells of it and ``output`` goes on.
    """

    name: str

    async def open(self, agent: str) -> None:
        """Prepare for the agent of that name; raises `RuntimeUnavailable` with a plain sentence."""
        ...

    async def running(self) -> dict[str, Exit | None]:
        """The tasks that this agent launched and did not remove; with the exit of those that ended."""
        ...

    async def launch(self, launch: TaskLaunch, limits: RuntimeLimits) -> None:
        """Start a task; raises `LaunchRefused` if its image or arguments can't be used. Idempotent per task."""
        ...

    def output(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        """Its output from ``since`` (seconds since 1970) on: time and line, until it ends."""
        ...

    async def wait(self, task: str) -> Exit:
        """Wait for its end."""
        ...

    async def statistics(self, task: str) -> Mapping[str, float]:
        """What it uses now, in the names of the workers' machine statistics (``cpu_usage`` %, ``memory_used`` MB)."""
        ...

    async def stop(self, task: str, grace: float) -> None:
        """Ask it to end, and end it after ``grace`` seconds."""
        ...

    async def remove(self, task: str) -> None:
        """Forget it and free what it held; it must have ended."""
        ...

    async def close(self) -> None:
        """Release the connection; what runs goes on."""
        ...


class RuntimeUnavailable(Exception):
    """The runtime can't be reached or used; the message says why."""


class LaunchRefused(Exception):
    """The task can't be launched as it is; the message says what is wrong with it."""
