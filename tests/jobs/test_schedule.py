"""Recurring work: on time, never twice at once, on one server of all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from trackyard.core.extension import Job
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.store.leases import release_leases, take_lease
from trackyard.core.testing.kernel import running_kernel
from trackyard.plugins.jobs.plugin import JobsPlugin
from trackyard.plugins.jobs.schedule import Schedule

RUNS: list[str] = []


async def tick(_: Kernel) -> None:
    """Work of a job."""
    RUNS.append("tick")


class TickingPlugin(Plugin):
    """A plugin of a test."""

    name = "ticking"
    summary = "Ticks"

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """One that runs often."""
        return [Job("tick", 0.05, tick)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own timeout ends it."""
    while not condition():
        await asyncio.sleep(0.02)


async def test_hook_jobs(tmp_path: Path) -> None:
    """A plugin's job runs again and again while the server runs, and no longer."""
    RUNS.clear()
    async with running_kernel(tmp_path, plugins=[TickingPlugin]) as kernel:
        await until(lambda: len(RUNS) >= 3)
        health, critical = (await kernel.health())["jobs"]
        assert (health.ok, critical) == (True, False)
    count = len(RUNS)
    await asyncio.sleep(0.2)
    assert len(RUNS) == count


async def test_a_failing_job_is_shown_until_it_goes_well(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By its name, on the health page and in the log."""
    outcome: list[Exception] = [RuntimeError("no luck")]

    async def work(_: Kernel) -> None:
        if outcome:
            raise outcome.pop()

    async with running_kernel(tmp_path) as kernel:
        schedule = Schedule(kernel, [Job("lucky", 3600, work)])
        await schedule.run(schedule.jobs[0])
        assert schedule.failures == {"lucky": "RuntimeError: no luck"}
        assert "job lucky failed" in caplog.text
        plugin = kernel.plugins.records["jobs"].plugin
        assert isinstance(plugin, JobsPlugin)
        plugin.schedule, own = schedule, plugin.schedule
        assert (await kernel.health())["jobs"][0].detail == "lucky: RuntimeError: no luck"
        await schedule.run(schedule.jobs[0])
        assert (await kernel.health())["jobs"][0].ok
        plugin.schedule = own


async def test_one_server_of_all(tmp_path: Path) -> None:
    """The second server runs a job that is not ``alone``, and the others only when the first one has gone."""
    RUNS.clear()

    def job(name: str, *, alone: bool) -> Job:
        async def work(_: Kernel) -> None:
            RUNS.append(name)

        return Job(name, 3600, work, alone=alone)

    async with running_kernel(tmp_path) as kernel:
        shared, own = job("shared", alone=True), job("own", alone=False)
        first, second = Schedule(kernel, []), Schedule(kernel, [])
        for schedule in (first, second, first):
            await schedule.run(shared)
            await schedule.run(own)
        assert RUNS == ["shared", "own", "own", "shared", "own"]
        await first.stop()
        await second.run(shared)
        assert RUNS[-1] == "shared"
        await second.stop()


async def test_a_job_is_not_run_twice_at_once(tmp_path: Path) -> None:
    """A run that takes longer than the interval is waited for; the end of the server cancels it."""
    started, ended = asyncio.Event(), asyncio.Event()
    count = 0

    async def work(_: Kernel) -> None:
        nonlocal count
        count += 1
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with running_kernel(tmp_path) as kernel:
        schedule = Schedule(kernel, [Job("long", 0.02, work)])
        schedule.start()
        await started.wait()
        await asyncio.sleep(0.2)
        await schedule.stop()
    assert ended.is_set()
    assert count == 1


@pytest.fixture
def lease() -> Callable[[Kernel, str, float], Awaitable[int | None]]:
    """Take a lease for somebody."""

    async def take(kernel: Kernel, holder: str, seconds: float) -> int | None:
        return await kernel.metadata.write(lambda session: take_lease(session, "work", holder, seconds))

    return take


async def test_leases(tmp_path: Path, lease: Callable[[Kernel, str, float], Awaitable[int | None]]) -> None:
    """The fence stays while the holder does, and grows with each new one; an expired lease is free."""
    async with running_kernel(tmp_path) as kernel:
        assert await lease(kernel, "a", 3600) == 1
        assert await lease(kernel, "a", 3600) == 1
        assert await lease(kernel, "b", 3600) is None
        await kernel.metadata.write(lambda session: release_leases(session, "b"))
        assert await lease(kernel, "b", 3600) is None
        await kernel.metadata.write(lambda session: release_leases(session, "a"))
        assert await lease(kernel, "b", -1) == 2
        assert await lease(kernel, "c", 3600) == 3
