"""A runtime whose tasks do what the test says; it lives on when an agent ends, as an engine does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from trackyard.core.runtimes import Exit, ExitCause, LaunchRefused, RuntimeLimits, RuntimeUnavailable, TaskLaunch


@dataclass
class Container:
    """One launched task."""

    launch: TaskLaunch
    limits: RuntimeLimits
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    exit: Exit | None = None
    lines: list[tuple[float, str]] = field(default_factory=list)


class Engine:
    """What is launched, and how often each task was."""

    name = "engine"

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.launches: list[str] = []
        self.removed: list[str] = []
        self.away = False
        self.refused_images: set[str] = set()

    def end(self, task: str, cause: ExitCause, code: int) -> None:
        """Let a task end."""
        container = self.containers[task]
        container.exit = Exit(cause, code)
        container.ended.set()

    def _check(self) -> None:
        if self.away:
            raise RuntimeUnavailable("the engine is away")

    async def open(self, agent: str) -> None:
        """Nothing to prepare."""
        self._check()

    async def close(self) -> None:
        """Nothing to release."""

    async def running(self) -> dict[str, Exit | None]:
        """All containers."""
        self._check()
        return {task: container.exit for task, container in self.containers.items()}

    async def launch(self, launch: TaskLaunch, limits: RuntimeLimits) -> None:
        """Remember the launch."""
        self._check()
        if launch.image in self.refused_images:
            raise LaunchRefused(f"no image {launch.image}")
        if launch.task not in self.containers:
            self.launches.append(launch.task)
            self.containers[launch.task] = Container(launch, limits)

    async def wait(self, task: str) -> Exit:
        """Wait for `end`."""
        self._check()
        container = self.containers[task]
        await container.ended.wait()
        assert container.exit is not None
        return container.exit

    async def output(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        """The lines after ``since``, once it has ended."""
        container = self.containers[task]
        await container.ended.wait()
        for when, text in container.lines:
            if when > since:
                yield when, text

    async def statistics(self, task: str) -> Mapping[str, float]:
        """Always the same."""
        self._check()
        return {"cpu_usage": 12.5, "memory_used": 64.0}

    async def stop(self, task: str, grace: float) -> None:
        """End as a signal would."""
        self._check()
        self.end(task, ExitCause.KILLED, 143)

    async def remove(self, task: str) -> None:
        """Forget."""
        self._check()
        self.removed.append(task)
        self.containers.pop(task, None)
