"""What the endpoints of models answer."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.protocol.replies import Created, Updated


class ModelCreated(Created):
    """The id of the new model."""

    created: bool


class OneModel(msgspec.Struct):
    """A model with everything that is known of it."""

    model: dict[str, Any]


class ModelList(msgspec.Struct):
    """Models with the fields that were asked for; ``scroll_id`` goes on where the list ends."""

    models: list[dict[str, Any]]
    scroll_id: str | None = None


class ModelPublished(Updated):
    """Whether the model was published, and what was done to its task."""

    published_task: dict[str, Any] | None = None


class ModelDeleted(msgspec.Struct):
    """The model is gone; its file was at ``url``."""

    deleted: bool
    url: str


class Frameworks(msgspec.Struct):
    """Frameworks in use, sorted."""

    frameworks: list[str]
