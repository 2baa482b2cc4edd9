"""What many endpoints answer alike; the document of the API is made from these types."""

from __future__ import annotations

from typing import Any

import msgspec


class Nothing(msgspec.Struct):
    """An empty object."""


class Created(msgspec.Struct):
    """The id of the new object."""

    id: str


class Updated(msgspec.Struct):
    """How many objects were changed."""

    updated: int


class Changed(Updated):
    """Whether the object was changed (0 or 1), and the fields that were written."""

    fields: dict[str, Any]


class Deleted(msgspec.Struct):
    """How many objects or parts were deleted."""

    deleted: int


class Many(msgspec.Struct):
    """What was done, and what failed and why, by id."""

    succeeded: list[dict[str, Any]]
    failed: list[dict[str, Any]]


class Moved(msgspec.Struct):
    """The project where the objects are now; null is the root."""

    project_id: str | None


class Tags(msgspec.Struct):
    """Tags in use, sorted; system tags when they were asked for."""

    tags: list[str]
    system_tags: list[str] | None = None


class Urls(msgspec.Struct):
    """Addresses of files that lost their owner."""

    model_urls: list[str]
    event_urls: list[str]
    artifact_urls: list[str]
