"""What the endpoints of tasks answer, where the shape is simple."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.protocol.replies import Changed, Created, Deleted, Many, Moved, Nothing, Updated, Urls

__all__ = [
    "Archived",
    "Changed",
    "Cloned",
    "Completed",
    "Created",
    "Deleted",
    "Dequeued",
    "Many",
    "Moved",
    "Nothing",
    "OneTask",
    "Queued",
    "Started",
    "TaskDeleted",
    "TaskList",
    "Types",
    "Updated",
    "WasReset",
]


class OneTask(msgspec.Struct):
    """A task with everything that is known of it."""

    task: dict[str, Any]


class TaskList(msgspec.Struct):
    """Tasks with the fields that were asked for; ``scroll_id`` goes on where the list ends."""

    tasks: list[dict[str, Any]]
    scroll_id: str | None = None


class Started(Changed):
    """As ``Changed``."""

    started: int


class Completed(Changed):
    """As ``Changed``; ``published`` tells whether it was published too."""

    published: int


class Queued(Changed):
    """As ``Changed``. ``queue_watched`` tells whether a worker listens; ``warnings`` are those of the server's rules."""

    queued: int
    queue_watched: bool | None = None
    warnings: list[str] | None = None


class Dequeued(Changed):
    """As ``Changed``."""

    dequeued: int


class TaskDeleted(msgspec.Struct):
    """A task is gone: what else was changed or deleted."""

    deleted: bool
    updated_children: int
    updated_models: int
    deleted_models: int
    urls: Urls | None


class WasReset(Changed):
    """As ``Changed``; what else was cleaned up."""

    dequeued: dict[str, Any]
    events: dict[str, Any]
    deleted_models: int
    urls: dict[str, Any]


class Archived(msgspec.Struct):
    """How many tasks were archived."""

    archived: int


class Cloned(msgspec.Struct):
    """The id of the copy, and the project if one was made."""

    id: str
    new_project: dict[str, Any] | None = None


class Types(msgspec.Struct):
    """Types of tasks that occur."""

    types: list[str]
