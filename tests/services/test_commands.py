"""The commands against a real server, as in a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from trackyard.core.testing.services import NO_HOST


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A server that runs no services by itself."""
    async with serving_kernel(tmp_path, environ=NO_HOST) as api:
        yield api


async def trackyard(api: Api, folder: Path, *words: str, expected: int = 0) -> str:
    """Run a command; its output."""
    environment = {
        **os.environ,
        "CLEARML_API_HOST": api.urls["api"],
        "CLEARML_API_ACCESS_KEY": ACCESS_KEY,
        "CLEARML_API_SECRET_KEY": SECRET_KEY,
        "TRACKYARD_DATA_DIR": str(folder / "cli"),
    }
    command = [sys.executable, "-m", "trackyard.core.cli", "services", *words]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == expected, output
    return output


async def test_start_with_flags_show_list_and_stop(api: Api, tmp_path: Path) -> None:
    assert "--keep-tags" in await trackyard(api, tmp_path, "start", "cleanup", "--help")
    assert "invalid choice" in await trackyard(api, tmp_path, "start", "cleanup", "--dry-run", "maybe", expected=2)
    assert "settings.days" in await trackyard(api, tmp_path, "start", "cleanup", "--days", "many", expected=1)
    task = (await trackyard(api, tmp_path, "start", "cleanup", "--days", "7", "--title", "weekly")).strip()
    found = (await api.call("tasks.get_by_id", task=task))["task"]
    assert (found["name"], found["status"], found["hyperparams"]["Settings"]["days"]["value"]) == ("weekly", "queued", "7.0")
    assert f"{task} queued" in await trackyard(api, tmp_path, "list")
    assert "Days since the last update" in await trackyard(api, tmp_path, "show", "cleanup")
    await trackyard(api, tmp_path, "stop", task)
    assert (await api.call("tasks.get_by_id", task=task))["task"]["status"] == "stopped"
    assert "no service nonsense" in await trackyard(api, tmp_path, "show", "nonsense", expected=2)


async def test_run_hosts_it_until_it_is_stopped(api: Api, tmp_path: Path) -> None:
    running = asyncio.create_task(trackyard(api, tmp_path, "run", "cleanup"))
    async with asyncio.timeout(120):
        while True:
            shown = (await api.call("services.get_all"))["services"]
            tasks = [task for service in shown for task in service["tasks"] if task["state"] == "idle"]
            if tasks:
                break
            await asyncio.sleep(0.1)
    await api.call("services.stop", task=tasks[0]["task"])
    assert f"{tasks[0]['task']} stopped" in await running
