"""Requests of the service ``queues``."""

from __future__ import annotations

from typing import Any

from trackyard.core.protocol.requests import Interval, MetadataKeysRequest, MetadataRequest, Moment, QueryRequest, Request


class QueueRequest(Request):
    """Names a queue by its id."""

    queue: str


class CreateRequest(Request):
    """A new queue."""

    name: str
    tags: list[str] = []
    system_tags: list[str] = []
    metadata: dict[str, Any] = {}
    display_name: str | None = None


class UpdateRequest(QueueRequest):
    """What is to be changed of a queue; what is left out stays."""

    name: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    display_name: str | None = None


class DeleteRequest(QueueRequest):
    """``force`` also deletes a queue in which tasks wait."""

    force: bool = False


class QueueMetadataRequest(MetadataRequest, kw_only=True):
    """Metadata of a queue to be added or replaced."""

    queue: str


class QueueMetadataKeysRequest(MetadataKeysRequest):
    """Metadata of a queue to be removed."""

    queue: str


class GetByIdRequest(QueueRequest):
    """``max_task_entries`` limits how many of the waiting tasks are told."""

    max_task_entries: int | None = None


class GetAllRequest(QueryRequest):
    """A list of queues; further filters, such as ``metadata.key.value``, are read from the whole body."""

    name: str | None = None
    id: list[str | None] = []
    tags: list[str | None] = []
    system_tags: list[str | None] = []
    filters: dict[str, Any] | None = None
    max_task_entries: int | None = None


class AddTaskRequest(QueueRequest):
    """A task for the end of a queue. ``update_execution_queue``: the task remembers the queue."""

    task: str
    update_execution_queue: bool = True


class RemoveTaskRequest(QueueRequest):
    """A task to be taken out. ``update_task_status`` puts its status back to what it was before it waited."""

    task: str
    update_task_status: bool = False


class NextTaskRequest(QueueRequest):
    """``task`` asks for that one task; ``get_task_info`` also for its owner."""

    get_task_info: bool = False
    task: str | None = None


class PlaceRequest(QueueRequest):
    """A waiting task to be moved to an end of its queue."""

    task: str


class ShiftRequest(PlaceRequest):
    """A waiting task to be moved by ``count`` places."""

    count: int = 1


class MetricsRequest(Request):
    """Lengths and waiting times from ``from_date`` to ``to_date`` (s), by ``interval`` (s). ``refresh`` measures first."""

    from_date: Moment
    to_date: Moment
    interval: Interval
    queue_ids: list[str] = []
    refresh: bool = False
