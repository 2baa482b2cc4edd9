"""What the endpoints of tasks answer, where the shape is simple."""

from __future__ import annotations

from typing import Any

import msgspec


class Nothing(msgspec.Struct):
    """An empty object."""


class Created(msgspec.Struct):
    """The id of the new task."""

    id: str


class OneTask(msgspec.Struct):
    """A task with everything that is known of it."""

    task: dict[str, Any]


class TaskList(msgspec.Struct):
    """Tasks with the fields that were asked for; ``scroll_id`` goes on where the list ends."""

    tasks: list[dict[str, Any]]
    scroll_id: str | None = None


class Updated(msgspec.Struct):
    """How many objects were changed."""

    updated: int


class Changed(Updated):
    """Whether the task was changed (0 or 1), and the fields that were written."""

    fields: dict[str, Any]


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


class Deleted(msgspec.Struct):
    """How many parts were deleted."""

    deleted: int


class Many(msgspec.Struct):
    """What was done, and what failed and why, by id."""

    succeeded: list[dict[str, Any]]
    failed: list[dict[str, Any]]


class Urls(msgspec.Struct):
    """Addresses of the files of a task."""

    model_urls: list[str]
    event_urls: list[str]
    artifact_urls: list[str]


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


class Moved(msgspec.Struct):
    """The project where the tasks are now; null is the root."""

    project_id: str | None


class Cloned(msgspec.Struct):
    """The id of the copy, and the project if one was made."""

    id: str
    new_project: dict[str, Any] | None = None


class Types(msgspec.Struct):
    """Types of tasks that occur."""

    types: list[str]
