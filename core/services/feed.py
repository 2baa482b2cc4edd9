"""Triggers that wait for something to happen: a task's status, a published model, a dataset's new version.

They ask the API for what changed since they last asked and keep in the store how far they are, so that nothing is missed
while no host runs the service. Between two looks a task may pass several statuses: the last one is heard of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from trackyard.core import clock
from trackyard.core.services.context import Context

OVERLAP = timedelta(seconds=30)
"""How far back each look goes: a slow writer's change may become visible after a later one."""
PAGE = 500


class Happening(msgspec.Struct, frozen=True):
    """What happened: ``kind`` is ``task``, ``model`` or ``dataset``; ``at`` is when. ``document`` is the object as read."""

    kind: str
    id: str
    name: str
    at: str
    project: str = ""
    status: str = ""
    tags: list[str] = []
    document: dict[str, Any] = {}


React = Callable[[Context, Happening], Awaitable[None]]


class EventTrigger(Protocol):
    """Looks for what happened since it last looked."""

    @property
    def run(self) -> React:
        """The method that is called for each happening."""
        ...

    @property
    def seconds(self) -> float:
        """The pause between two looks."""
        ...

    async def look(self, context: Context, since: datetime) -> list[Happening]:
        """What happened after ``since``, the oldest first."""
        ...


@dataclass(frozen=True)
class TaskChanged:
    """A task got one of these statuses. Without ``projects`` (ids), ``types`` and ``tags``: any task."""

    run: React
    statuses: Sequence[str] = ("completed", "failed", "stopped", "published")
    projects: Sequence[str] = ()
    types: Sequence[str] = ()
    tags: Sequence[str] = ()
    system_tags: Sequence[str] = ()
    seconds: float = 5.0

    async def look(self, context: Context, since: datetime) -> list[Happening]:
        """See `EventTrigger.look`."""
        query: dict[str, Any] = {
            "status": list(self.statuses),
            "status_changed": [f">={clock.iso(since)}"],
            "only_fields": [
                "id",
                "name",
                "type",
                "project",
                "status",
                "status_changed",
                "status_reason",
                "status_message",
                "tags",
                "comment",
            ],
            "order_by": ["status_changed", "id"],
            "search_hidden": True,
            **_chosen(project=self.projects, type=self.types, tags=self.tags, system_tags=self.system_tags),
        }
        return [_happening("task", item, "status_changed") for item in await _all(context, "tasks", query)]


@dataclass(frozen=True)
class DatasetVersion:
    """A dataset has a new version: a dataset task was completed or published."""

    run: React
    projects: Sequence[str] = ()
    tags: Sequence[str] = ()
    seconds: float = 5.0

    async def look(self, context: Context, since: datetime) -> list[Happening]:
        """See `EventTrigger.look`."""
        tasks = TaskChanged(self.run, ("completed", "published"), self.projects, (), self.tags, ("dataset",))
        return [msgspec.structs.replace(found, kind="dataset") for found in await tasks.look(context, since)]


@dataclass(frozen=True)
class ModelPublished:
    """A model was published (it is ready)."""

    run: React
    projects: Sequence[str] = ()
    tags: Sequence[str] = ()
    seconds: float = 5.0

    async def look(self, context: Context, since: datetime) -> list[Happening]:
        """See `EventTrigger.look`. A published model that is changed counts once: it is known by its id."""
        query: dict[str, Any] = {
            "ready": True,
            "last_update": [f">={clock.iso(since)}"],
            "only_fields": ["id", "name", "project", "ready", "last_update", "tags", "uri", "task"],
            "order_by": ["last_update", "id"],
            **_chosen(project=self.projects, tags=self.tags),
        }
        return [_happening("model", item, "last_update") for item in await _all(context, "models", query)]


def key_of(found: Happening) -> str:
    """What tells one happening from another."""
    return found.id if found.kind == "model" else f"{found.id} {found.status} {found.at}"


def _chosen(**filters: Sequence[str]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in filters.items() if values}


async def _all(context: Context, kind: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = await context.call(f"{kind}.get_all", **query, page=len(found) // PAGE, page_size=PAGE)
        found += page[kind]
        if len(page[kind]) < PAGE:
            return found


def _happening(kind: str, item: dict[str, Any], date: str) -> Happening:
    return Happening(
        kind,
        item["id"],
        item.get("name") or "",
        item[date],
        item.get("project") or "",
        item.get("status") or "",
        item.get("tags") or [],
        item,
    )
