"""Make, change and delete queues."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from trackyard.core import lifecycle, store
from trackyard.core.entities import QUEUE, TASK
from trackyard.core.errors import ApiError, validation
from trackyard.core.lifecycle import STATUS_FIELDS, StatusText, Unit
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.queues.requests import (
    CreateRequest,
    DeleteRequest,
    QueueMetadataKeysRequest,
    QueueMetadataRequest,
    UpdateRequest,
)


async def create(call: Call, request: CreateRequest) -> Document:
    """Create a queue."""
    values: Document = {
        "tags": request.tags,
        "system_tags": request.system_tags,
        "metadata": checked_metadata(request.metadata),
        "display_name": request.display_name,
    }
    return {"id": await call.metadata.write(lambda session: store.create_queue(session, call.identity, request.name, values))}


async def update(call: Call, request: UpdateRequest) -> Document:
    """Change the name, the tags or the metadata of a queue."""

    def work(session: Session) -> Document:
        require_own(session, call, request.queue)
        given = {
            "name": request.name and store.free_queue_name(session, call.identity, request.queue, request.name),
            "display_name": request.display_name,
            "tags": request.tags,
            "system_tags": request.system_tags,
            "metadata": None if request.metadata is None else checked_metadata(request.metadata),
        }
        changes = {name: value for name, value in given.items() if value is not None}
        written = store.update(session, QUEUE, request.queue, changes, by=call.identity.user, tells=True)
        return {"updated": int(bool(written)), "fields": written}

    return await call.metadata.write(work)


def checked_metadata(metadata: dict[str, Any]) -> Document:
    """Metadata by key, each with its own key; raises 400/12 for anything else."""
    found: Document = {}
    for key, item in metadata.items():
        if not isinstance(item, dict):
            raise validation(f"metadata.{key}", "Expected `object`")
        found[key] = {"key": key} | {
            name: _text(key, name, item[name]) for name in ("type", "value") if item.get(name) is not None
        }
    return found


def _text(key: str, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise validation(f"metadata.{key}.{name}", f"Expected `str`, got `{type(value).__name__}`")
    return value


def require_own(session: Session, call: Call, queue: str, fields: tuple[str, ...] = ()) -> Document:
    """A queue that the caller may change; raises 400/701."""
    return store.require_own(session, QUEUE, queue, company=call.identity.company, fields=fields)


async def add_or_update_metadata(call: Call, request: QueueMetadataRequest) -> Document:
    """Add entries to a queue's metadata or replace them."""

    def work(session: Session) -> Document:
        old = require_own(session, call, request.queue, ("metadata",))["metadata"]
        new = {
            item.key: {"key": item.key}
            | {name: value for name, value in (("type", item.type), ("value", item.value)) if value is not None}
            for item in request.metadata
        }
        return _write_metadata(session, call, request.queue, new if request.replace_metadata else {**old, **new})

    return await call.metadata.write(work)


async def delete_metadata(call: Call, request: QueueMetadataKeysRequest) -> Document:
    """Remove entries from a queue's metadata."""

    def work(session: Session) -> Document:
        old = require_own(session, call, request.queue, ("metadata",))["metadata"]
        kept = {key: item for key, item in old.items() if key not in request.keys}
        return _write_metadata(session, call, request.queue, kept) if kept != old else {"updated": 0}

    return await call.metadata.write(work)


def _write_metadata(session: Session, call: Call, queue: str, metadata: Document) -> Document:
    written = store.update(session, QUEUE, queue, {"metadata": metadata}, by=call.identity.user, tells=True)
    return {"updated": int(bool(written))}


async def delete(call: Call, request: DeleteRequest) -> Document:
    """Delete a queue; with force also one in which tasks wait: their status is put back."""

    def work(unit: Unit) -> Document:
        require_own(unit.session, call, request.queue)
        if not request.force and store.count_waiting(unit.session, [request.queue]):
            raise ApiError(400, 702, "Queue is not empty", id=request.queue)
        empty(unit, request.queue, StatusText("", "Queue was deleted"))
        return {"deleted": store.delete(unit.session, QUEUE, [request.queue])}

    return await lifecycle.write(call.kernel, call.identity, work)


def empty(unit: Unit, queue: str, text: StatusText) -> list[str]:
    """Take every task out of a queue and put its status back; the ids of the tasks, in their order."""
    tasks = [entry.task for entry in store.waiting(unit.session, queue)]
    for task_id in tasks:
        put_back(unit, task_id, text)
    store.take_tasks(unit.session, queue, tasks)
    return tasks


def put_back(unit: Unit, task_id: str, text: StatusText) -> None:
    """Give a task that waits the status it had before; a task that is gone is passed over."""
    task = store.get(unit.session, TASK, task_id, company=unit.identity.company, fields=STATUS_FIELDS)
    if task is not None:
        lifecycle.dequeue(unit, task, text)
