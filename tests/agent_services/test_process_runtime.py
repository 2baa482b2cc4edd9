"""The process runtime with real processes: a script from the task, its output, its exit, and an agent that starts again."""

import asyncio
import sys
from pathlib import Path

import pytest
from trackyard.agent_services.process_runtime import ProcessRuntime

from tests.agent_services.conftest import Yard

SCRIPT = """
import os, sys, time
print("task", os.environ["CLEARML_TASK_ID"], flush=True)
for number in range({count}):
    time.sleep({pause})
sys.exit({code})
"""


async def script(yard: Yard, code: int = 0, count: int = 1, pause: float = 0.01) -> str:
    """A service task whose code is a script."""
    diff = SCRIPT.format(code=code, count=count, pause=pause)
    return await yard.enqueue(script={"diff": diff, "entry_point": "service.py", "binary": sys.executable})


async def test_the_agents_own_environment_stays_with_it(yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_PASSWORD", "PIP_INDEX_URL", "TRACKYARD_SECRET_KEY"):
        monkeypatch.setenv(name, "of the agent")
    names = (
        "import os\nprint(sorted(name for name, value in os.environ.items() if value == 'of the agent'), 'PATH' in os.environ)"
    )
    task = await yard.enqueue(script={"diff": names, "entry_point": "service.py"})
    async with yard.agent(ProcessRuntime(tmp_path / "processes", variables=["PIP_*"])):
        await yard.until_status(task, "completed")
    assert await yard.log(task) == ["['PIP_INDEX_URL'] True"]


async def test_scripts_run_end_and_are_adopted(yard: Yard, tmp_path: Path) -> None:
    runtime = ProcessRuntime(tmp_path / "processes")
    good, bad, long = await script(yard), await script(yard, code=4), await script(yard, count=100_000)
    async with yard.agent(runtime):
        await yard.until_status(good, "completed")
        assert (await yard.until_status(bad, "failed"))["status_message"] == "Task failed (exit code 4)"

        async def speaks() -> bool:
            return await yard.log(long) == [f"task {long}"]

        await yard.until(speaks)

        async def others_are_removed() -> bool:
            return await runtime.running() == {long: None}

        await yard.until(others_are_removed)
    async with yard.agent(ProcessRuntime(tmp_path / "processes")):
        await asyncio.sleep(0.2)
        await yard.api.call("tasks.stop", task=long)
        await yard.until_status(long, "stopped")

        async def forgotten() -> bool:
            return await runtime.running() == {}

        await yard.until(forgotten)
    assert await yard.log(good) == [f"task {good}"]
    assert await yard.log(long) == [f"task {long}"]
