"""The service ``cleanup``: deletes tasks that are old enough, by age, project, tags and status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from trackyard.core import clock
from trackyard.core.client import CallFailed
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.services import Context, Cron, Service, ServiceOffer, Trigger

DELETABLE = ("created", "stopped", "closed", "failed", "completed")
"""Statuses of tasks that nobody runs or published."""
PAGE = 100


class CleanupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[cleanup]``: the defaults of the service that deletes old tasks.

    A task is old ``days`` after its last update. ``archived_only`` looks at archived tasks only; ``projects`` (names, with
    what is below them), ``tags`` and ``statuses`` choose among them; tasks with one of ``keep_tags`` stay. ``dry_run`` only
    tells what would go. ``schedule`` is a cron expression (UTC).
    """

    days: Annotated[float, msgspec.Meta(ge=0, description="Days since the last update of a task")] = 30.0
    archived_only: Annotated[bool, msgspec.Meta(description="Only tasks in the archive")] = True
    projects: Annotated[list[str], msgspec.Meta(description="Names of projects, with those below (none: all)")] = []
    tags: Annotated[list[str], msgspec.Meta(description="Only tasks with one of these tags (none: any)")] = []
    keep_tags: Annotated[tuple[str, ...], msgspec.Meta(description="Tasks with one of these tags stay")] = ("keep",)
    statuses: Annotated[tuple[str, ...], msgspec.Meta(description="Only tasks of these statuses")] = DELETABLE
    delete_models: Annotated[bool, msgspec.Meta(description="Delete the models that they made, too")] = True
    dry_run: Annotated[bool, msgspec.Meta(description="Only tell what would be deleted")] = True
    schedule: Annotated[str, msgspec.Meta(description="When: a cron expression (UTC)")] = "0 3 * * *"


class Cleanup(Service):
    """Deletes old tasks. What else they hold (files, events) is removed by the server after them."""

    name = "cleanup"
    title = "Clean-up"
    summary = "Deletes old tasks with their files, by age, project, tags and status"
    settings_type = CleanupSettings
    settings: CleanupSettings
    calls = ("tasks.get_all", "tasks.delete_many", "projects.get_all")

    def __init__(self, settings: CleanupSettings) -> None:
        super().__init__(settings)
        wrong = sorted(set(settings.statuses) - set(DELETABLE))
        if wrong:
            raise ValueError(f"statuses: found {', '.join(wrong)}; expected some of {', '.join(DELETABLE)}")

    def triggers(self) -> Sequence[Trigger]:
        """By the schedule."""
        return [Cron(self.settings.schedule, self.clean)]

    async def clean(self, context: Context) -> None:
        """One clean-up: page by page, so that nothing is held for long."""
        query = await self._query(context)
        if query is None:
            context.log.warning(f"there is no project {' or '.join(self.settings.projects)}")
            return
        deleted = failed = passed = 0
        while found := await self._page(context, query, passed):
            kept = [task for task in found if set(task.get("tags") or []) & set(self.settings.keep_tags)]
            old = [task for task in found if task not in kept]
            refused = await self._delete(context, old)
            deleted, failed = deleted + len(old) - len(refused), failed + len(refused)
            passed += len(found) if self.settings.dry_run else len(kept) + len(refused)
        told = "would delete" if self.settings.dry_run else "deleted"
        context.log.info(f"{told} {deleted} tasks" + (f", {failed} could not be deleted" if failed else ""))
        runs = context.store.get("runs", 0) + 1
        context.scalar("tasks", told, deleted, runs)
        await context.store.put("runs", runs)

    async def _query(self, context: Context) -> dict[str, Any] | None:
        chosen = self.settings
        before = clock.iso(context.now() - timedelta(days=chosen.days))
        query: dict[str, Any] = {
            "last_update": [f"<{before}"],
            "status": list(chosen.statuses),
            "only_fields": ["id", "name", "tags", "status", "last_update"],
            "order_by": ["last_update", "id"],
            "search_hidden": True,
        }
        if chosen.archived_only:
            query["system_tags"] = ["archived"]
        if chosen.tags:
            query["tags"] = chosen.tags
        if chosen.projects:
            projects = await context.call("projects.get_all", only_fields=["id", "name"], search_hidden=True)
            ids = [item["id"] for item in projects["projects"] if _is_below(item["name"], chosen.projects)]
            return query | {"project": ids} if ids else None
        return query

    async def _page(self, context: Context, query: dict[str, Any], passed: int) -> list[dict[str, Any]]:
        """The next tasks; ``passed`` of those before are still there."""
        page, skip = divmod(passed, PAGE)
        found: list[dict[str, Any]] = (await context.call("tasks.get_all", **query, page=page, page_size=PAGE))["tasks"]
        return found[skip:]

    async def _delete(self, context: Context, old: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Delete them, or tell that they would be; gives those that were refused."""
        told = "would delete" if self.settings.dry_run else "delete"
        for task in old:
            context.log.info(f"{told} {task['id']} {task['name']} ({task['status']}, last update {task['last_update']})")
        if self.settings.dry_run or not old:
            return []
        ids = [task["id"] for task in old]
        try:
            done = await context.call("tasks.delete_many", ids=ids, delete_output_models=self.settings.delete_models)
        except CallFailed as error:
            context.log.error(str(error))
            raise
        refused: list[dict[str, Any]] = done.get("failed") or []
        for item in refused:
            context.log.warning(f"{item['id']} stays: {item['error']['msg']}")
        return refused


def _is_below(name: str, projects: Sequence[str]) -> bool:
    return any(name == project or name.startswith(f"{project}/") for project in projects)


class CleanupPlugin(Plugin):
    """The service that cleans up."""

    name = "cleanup"
    summary = "A service that deletes old tasks with their files"
    settings_type = CleanupSettings
    settings: CleanupSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """One service."""
        return [ServiceOffer(Cleanup, self.settings)]
