"""Deleting models."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, TASK, FieldPath, Task, TaskValue, table_of
from trackyard.core.errors import ApiError
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.many import many_in_units
from trackyard.core.store import Document
from trackyard.plugins.models.publishing import PUBLISHED
from trackyard.plugins.models.requests import DeleteManyRequest, DeleteRequest

DELETED = "__DELETED__"
"""Put before the id of a model that was deleted, where tasks still name it."""


async def delete(call: Call, request: DeleteRequest) -> Document:
    """Delete a model; raises 400/201, and without ``force`` 400/205 and 400/206."""
    return await call.metadata.write(
        lambda session: _delete(session, call, request.model, request.force, request.delete_external_artifacts)
    )


async def delete_many(call: Call, request: DeleteManyRequest) -> Document:
    """Delete models one by one."""

    def work(session: Session, model: str) -> Document:
        return _delete(session, call, model, request.force, request.delete_external_artifacts)

    return await many_in_units(call.metadata, request.ids, work)


def _delete(session: Session, call: Call, model: str, force: bool, with_file: bool) -> Document:
    fields = ("uri", "task", "project")
    found = store.require_own(session, MODEL, model, company=call.identity.company, fields=fields)
    users = _users(session, model)
    if not force:
        _refuse_use(session, model, found, users)
    for task in users:
        _mark_deleted(session, call, task, model)
    store.delete(session, MODEL, [model])
    store.touch_projects(session, [found.get("project")])
    gone = [store.events_url("model", model), *([found.get("uri", "")] if with_file else [])]
    store.schedule_deletion(session, gone, call.identity, found.get("task"))
    return {"deleted": True, "url": found.get("uri", "")}


def _users(session: Session, model: str) -> list[str]:
    """The tasks that name the model as input or output."""
    task, value, path = table_of(Task), table_of(TaskValue), table_of(FieldPath)
    query = (
        select(task.c.id)
        .join(value, value.c.owner == task.c.num)
        .join(path, path.c.num == value.c.path)
        .where(path.c.path.in_(("models.input.model", "models.output.model")), value.c.text == model)
    )
    return sorted(set(session.execute(query).scalars()))


def _refuse_use(session: Session, model: str, found: Document, users: list[str]) -> None:
    inputs = [task for task in users if _uses_published(session, task, model)]
    if inputs:
        raise ApiError(400, 205, "Model is used by published tasks", tasks=f"({', '.join(inputs)})")
    maker = store.get(session, TASK, found["task"], fields=("status",)) if found.get("task") else None
    if maker and maker["status"] in PUBLISHED:
        raise ApiError(400, 206, "Task that created the model is published", tasks=f"({found['task']})")


def _uses_published(session: Session, task: str, model: str) -> bool:
    user = store.require(session, TASK, task, fields=("status", "models"))
    return user["status"] in PUBLISHED and any(item.get("model") == model for item in user["models"].get("input", []))


def _mark_deleted(session: Session, call: Call, task: str, model: str) -> None:
    models = store.require(session, TASK, task, fields=("models",))["models"]
    for side in models.values():
        for item in side:
            if item.get("model") == model:
                item["model"] = f"{DELETED}{model}"
    store.update(session, TASK, task, {"models": models}, by=call.identity.user, tells=False)
