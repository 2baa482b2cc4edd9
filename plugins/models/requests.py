"""What the endpoints of models are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trackyard.core.protocol.requests import FilteredRequest, IdsRequest, MetadataKeysRequest, MetadataRequest, Request, Whole


class ModelRequest(Request):
    """Names one model."""

    model: str


class ModelFields(Request):
    """What can be said of a model; what is left out stays as it is."""

    comment: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    framework: str | None = None
    design: dict[str, Any] | None = None
    labels: dict[str, int] | None = None
    project: str | None = None
    parent: str | None = None
    task: str | None = None
    metadata: dict[str, Any] | list[dict[str, Any]] | None = None


class CreateRequest(ModelFields, kw_only=True):
    """A new model. ``ready`` is true unless it is said not to be."""

    name: str
    uri: str
    ready: bool = True
    public: bool = False


class EditRequest(ModelFields, kw_only=True):
    """New values of a model, ready or not; ``iteration`` is where its task stood."""

    model: str
    name: str | None = None
    uri: str | None = None
    ready: bool | None = None
    iteration: Whole | None = None


class UpdateRequest(Request):
    """New values of what may be changed at any time. ``ready`` false is what clients send without meaning it."""

    model: str
    name: str | None = None
    comment: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    ready: bool = False
    created: datetime | None = None
    ui_cache: dict[str, Any] | None = None
    project: str | None = None
    task: str | None = None
    iteration: Whole | None = None


class SetReadyRequest(ModelRequest):
    """Publishes a model and, unless told otherwise, the task that made it."""

    publish_task: bool = True
    force_publish_task: bool = False


class PublishManyRequest(IdsRequest):
    """Publishes models and, unless told otherwise, the tasks that made them."""

    publish_tasks: bool = True
    force_publish_task: bool = False


class DeleteRequest(ModelRequest):
    """Deletes a model, with ``force`` one that is in use; its file goes only when that is asked for."""

    force: bool = False
    delete_external_artifacts: bool = False


class DeleteManyRequest(IdsRequest):
    """Deletes models as `DeleteRequest` does one."""

    force: bool = False
    delete_external_artifacts: bool = False


class MetadataChange(MetadataRequest, kw_only=True):
    """Entries of a model's metadata to be added or replaced."""

    model: str


class MetadataRemoval(MetadataKeysRequest):
    """Entries of a model's metadata to be removed."""

    model: str


class FrameworksRequest(Request):
    """The projects whose models count; none: all."""

    projects: list[str] = []


class ModelsQuery(FilteredRequest):
    """A list of models. ``include_stats`` adds how many labels each has."""

    ready: bool | None = None
    task: list[str | None] = []
    framework: list[str | None] = []
    uri: list[str | None] = []
    last_update: list[str] = []
    include_subprojects: bool = False
    include_stats: bool = False
