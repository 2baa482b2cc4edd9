"""Clean-up deletes what is old and chosen, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trackyard.core.testing.http import Api
from trackyard.core.testing.services import ServiceKit, running_service

DAY = 86400.0


async def make(api: Api, name: str, *, archived: bool = True, **fields: Any) -> str:
    """A task."""
    task = str((await api.call("tasks.create", {"name": name, "type": "training", **fields}))["id"])
    if archived:
        await api.call("tasks.archive", tasks=[task])
    return task


async def left(kit: ServiceKit) -> list[str]:
    """The names of the tasks that are there."""
    found = (await kit.api.call("tasks.get_all", only_fields=["name"], search_hidden=True))["tasks"]
    return sorted(task["name"] for task in found)


async def test_only_what_is_old_and_archived_goes(tmp_path: Path) -> None:
    async with running_service(tmp_path, None, "cleanup", {"days": 2, "dry_run": False}) as kit:
        for name in ("old one", "old two"):
            await make(kit.api, name)
        await make(kit.api, "used", archived=False)
        await make(kit.api, "kept", tags=["keep"])
        await kit.advance(1.5 * DAY)
        assert await left(kit) == ["Clean-up", "kept", "old one", "old two", "used"]
        await kit.advance(3 * DAY)
        assert await left(kit) == ["Clean-up", "kept", "used"]
        assert "deleted 2 tasks" in (await kit.log()).splitlines()


async def test_a_dry_run_tells_and_deletes_nothing(tmp_path: Path) -> None:
    async with running_service(tmp_path, None, "cleanup", {"days": 0}) as kit:
        task = await make(kit.api, "old one")
        await kit.advance(2 * DAY)
        assert await left(kit) == ["Clean-up", "old one"]
        log = await kit.log()
        assert f"would delete {task} old one" in log
        assert "would delete 1 tasks" in log


async def test_project_and_tags_choose(tmp_path: Path) -> None:
    settings = {"days": 1, "dry_run": False, "archived_only": False, "projects": ["lab"], "tags": ["junk"]}
    async with running_service(tmp_path, None, "cleanup", settings) as kit:
        lab, below, other = [
            (await kit.api.call("projects.create", name=name))["id"] for name in ("lab", "lab/below", "laboratory")
        ]
        for name, project, tags in (("a", lab, ["junk"]), ("b", below, ["junk"]), ("c", other, ["junk"]), ("d", lab, ["fine"])):
            await make(kit.api, f"task {name}", archived=False, project=project, tags=tags)
        await kit.advance(3 * DAY)
        assert await left(kit) == ["Clean-up", "task c", "task d"]


async def test_more_than_a_page_goes(tmp_path: Path) -> None:
    async with running_service(tmp_path, None, "cleanup", {"days": 1, "dry_run": False, "archived_only": False}) as kit:
        for number in range(105):
            await make(kit.api, f"task {number}", archived=False, tags=["keep"] if number == 3 else [])
        await kit.advance(3 * DAY)
        assert await left(kit) == ["Clean-up", "task 3"]


async def test_a_running_status_is_refused(tmp_path: Path) -> None:
    async with running_service(tmp_path, None, "cleanup") as kit:
        answer = await kit.api.ask("services.start", {"name": "cleanup", "settings": {"statuses": ["in_progress"]}})
        assert answer.codes == (400, 12)
        assert "statuses: found in_progress" in answer.meta["result_msg"]
