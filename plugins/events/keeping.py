"""What events cost and how long they are kept: figures of space, and retention. Both are Trackyard's own."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.contracts.events import Retention, Space
from trackyard.core.entities import PROJECT, TASK, table_of
from trackyard.core.kernel import Kernel
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request
from trackyard.core.store.values import chunks

__all__ = ["EventsSettings", "SpaceRequest", "forget_old", "get_space"]

DAY = 86_400_000
"""Milliseconds."""

Days = Annotated[int, msgspec.Meta(ge=0)]
Kind = Literal["training_stats_scalar", "training_stats_vector", "training_debug_image", "plot", "log"]

log = logging.getLogger(__name__)


class EventsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[events]``: how long events of tasks are kept.

    ``retention_days``: events that are older are deleted (0: none ever is). ``retention_types``: only events of these types
    (none: all). ``retention_projects``: days by the name of a project, for it and those below it; the longest name that
    fits a task's project counts. Events of published tasks are never deleted.
    """

    retention_days: Days = 0
    retention_types: list[Kind] = []
    retention_projects: dict[str, Days] = {}


class SpaceRequest(Request, kw_only=True):
    """Asks what events cost: by ``project`` or by ``task``, of some ``projects`` and those below them (none: of all)."""

    by: Literal["project", "task"] = "project"
    projects: list[str] = []
    page_size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500


class _Owner(msgspec.Struct, frozen=True):
    """A task that keeps events."""

    id: str
    name: str
    project: str
    project_name: str
    published: bool


async def get_space(call: Call, request: SpaceRequest) -> dict[str, Any]:
    """Bytes and events by type, the greatest first. Compaction makes bytes fall a little after events came in."""
    spaces = await call.events.space("task")
    company, projects = call.identity.company, request.projects
    owners = await call.metadata.read(lambda session: _owners(session, spaces, company, projects))
    items: dict[str, dict[str, Any]] = {}
    for space in spaces:
        owner = owners.get(space.entity.id)
        if owner is not None:
            _add(items, owner, space, request.by)
    ordered = sorted(items.values(), key=lambda item: (-item["bytes"], item["name"]))
    total = sum(item["bytes"] for item in ordered)
    return {f"{request.by}s": ordered[: request.page_size], "total": len(ordered), "bytes": total}


def _add(items: dict[str, dict[str, Any]], owner: _Owner, space: Space, by: str) -> None:
    key, name = (owner.project, owner.project_name) if by == "project" else (owner.id, owner.name)
    item = items.setdefault(key, {"id": key, "name": name, "bytes": 0, "events": 0, "types": {}})
    if by == "task":
        item["project"] = {"id": owner.project, "name": owner.project_name}
    kind = item["types"].setdefault(space.type, {"bytes": 0, "events": 0})
    for counted in (item, kind):
        counted["bytes"] += space.size
        counted["events"] += space.events


def _owners(session: Session, spaces: Iterable[Space], company: str | None, projects: Sequence[str] = ()) -> dict[str, _Owner]:
    """The tasks that keep something, by id; of one company and some projects if these are given."""
    task, project = table_of(TASK.table), table_of(PROJECT.table)
    within = set(store.with_descendants(session, projects)) if projects else None
    found: dict[str, _Owner] = {}
    query = select(task.c.id, task.c.name, task.c.project, project.c.name, task.c.status)
    query = query.outerjoin(project, project.c.id == task.c.project)
    if company is not None:
        query = query.where(task.c.company == company)
    for part in chunks(sorted({space.entity.id for space in spaces})):
        for number, name, project_id, project_name, status in session.execute(query.where(task.c.id.in_(part))):
            if within is None or project_id in within:
                found[number] = _Owner(number, name, project_id or "", project_name or "", status in ("publishing", "published"))
    return found


# --- retention ---


async def forget_old(kernel: Kernel, settings: EventsSettings) -> int:
    """Delete what is older than the settings allow; how many events were deleted."""
    if not settings.retention_days and not settings.retention_projects:
        return 0
    spaces = await kernel.events.space("task")
    owners = await kernel.metadata.read(lambda session: _owners(session, spaces, None))
    by_days: dict[int, list[str]] = {}
    for owner in owners.values():
        days = _days(owner.project_name, settings)
        if days and not owner.published:
            by_days.setdefault(days, []).append(owner.id)
    removed = 0
    for days, tasks in sorted(by_days.items()):
        before = int(time.time() * 1000) - days * DAY
        removed += (await kernel.events.retain(Retention("task", before, tasks, settings.retention_types))).events
    if removed:
        log.info("retention deleted %d events", removed)
    return removed


def _days(project: str, settings: EventsSettings) -> int:
    """How many days the events of a project's tasks are kept; 0 for ever."""
    fitting = [name for name in settings.retention_projects if project == name or project.startswith(f"{name}/")]
    return settings.retention_projects[max(fitting, key=len)] if fitting else settings.retention_days
