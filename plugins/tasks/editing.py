"""Create tasks and change what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from trackyard.core import lifecycle, store
from trackyard.core.entities import TASK
from trackyard.core.errors import ApiError, validation
from trackyard.core.lifecycle import Unit, owned_task
from trackyard.core.protocol.body import parse_object
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import convert
from trackyard.core.store import Document
from trackyard.plugins.tasks import documents
from trackyard.plugins.tasks.requests import BatchRequest, CreateRequest, EditRequest, RequirementsRequest, UpdateRequest

MERGED_FIELDS = ("script", "execution", "output", "models")
"""Nested fields of which an edit sends a part; all others are replaced whole."""

NEW_FIELDS = frozenset(
    {"name", "type", "tags", "system_tags", "comment", "parent", "project"}
    | {"script", "execution", "models", "hyperparams", "configuration", "container"}
)
EDITED_FIELDS = NEW_FIELDS | {"runtime"}


async def create(call: Call, request: CreateRequest) -> Document:
    """Create a draft."""

    def work(unit: Unit) -> Document:
        document = _new_document(unit, call.body)
        store.touch_projects(unit.session, [document.get("project")], unit.now)
        return {"id": store.insert(unit.session, TASK, document, by=unit.identity.user)}

    return await lifecycle.write(call.kernel, call.identity, work)


async def validate(call: Call, request: CreateRequest) -> Document:
    """Check whether a task could be created; nothing is stored."""

    def work(session: Any) -> Document:
        _new_document(Unit(session, call.identity), call.body)
        return {}

    return await call.metadata.read(work)


def _new_document(unit: Unit, body: Mapping[str, Any]) -> Document:
    fields = _sent_fields(unit, body, NEW_FIELDS)
    for field in MERGED_FIELDS:
        if field in fields:
            fields[field] = documents.default(field) | fields[field]
    by = unit.identity
    return {**fields, "company": by.company, "user": by.user, "status": "created", "created": unit.now}


async def edit(call: Call, request: EditRequest) -> Document:
    """Change a task. Nested ``script``, ``execution``, ``output`` and ``models`` are merged, all other fields replaced."""

    def work(unit: Unit) -> Document:
        sent = _sent_fields(unit, call.body, EDITED_FIELDS)
        merged = [field for field in MERGED_FIELDS if field in sent]
        task = owned_task(unit, request.task, merged)
        if task["status"] != "created" and not request.force:
            raise ApiError(400, 110, "Invalid task status", id=request.task, status=task["status"], expected="created")
        for field in merged:
            sent[field] = task[field] | sent[field]
        return written(unit, task, sent)

    return await lifecycle.write(call.kernel, call.identity, work)


def written(unit: Unit, task: Document, changes: Document, tells: bool | None = None) -> Document:
    """Write changes of a task, and answer as edits do. The projects that it leaves and enters are touched."""
    if not changes:
        return {"updated": 0, "fields": {}}
    fields = store.update(unit.session, TASK, task["id"], changes, by=unit.identity.user, tells=tells)
    store.touch_projects(unit.session, {task.get("project"), changes.get("project")}, unit.now)
    return {"updated": 1, "fields": {name: value for name, value in fields.items() if value is not None}}


def _sent_fields(unit: Unit, body: Mapping[str, Any], names: Collection[str]) -> Document:
    """The fields ``names`` of a request as they are stored; what they refer to must exist."""
    sent: Document = {name: value for name, value in body.items() if name in names and value is not None}
    if body.get("output_dest") is not None:
        sent["output"] = {"destination": body["output_dest"]}
    if "name" in sent:
        sent["name"] = store.checked_name(sent["name"], "task")
    documents.check_references(unit, sent)
    return sent | _nested_fields(unit, sent)


def _nested_fields(unit: Unit, sent: Document) -> Document:
    shape: dict[str, Callable[[Any], Any]] = {
        "tags": documents.tags,
        "system_tags": documents.tags,
        "hyperparams": documents.hyperparams,
        "configuration": documents.configuration,
        "execution": documents.execution,
        "script": documents.given,
        "container": documents.given,
        "models": lambda raw: documents.task_models(unit, raw),
    }
    return {name: make(sent[name]) for name, make in shape.items() if name in sent}


async def update(call: Call, request: UpdateRequest) -> Document:
    """Change name, tags, comment, project and the like, in any status."""
    return await lifecycle.write(call.kernel, call.identity, lambda unit: _update_one(unit, request))


async def update_batch(call: Call, request: BatchRequest) -> Document:
    """Do one ``tasks.update`` per line, all or none; a plain JSON body is a batch of one."""
    bodies = [parse_object(line) for line in call.raw.split(b"\n") if line.strip()] if call.is_batch else [call.body]
    updates = [convert(body, UpdateRequest) for body in bodies]
    if not updates:
        raise ApiError(400, 17, "Batch contains no items")

    def work(unit: Unit) -> Document:
        return {"updated": sum(_update_one(unit, one)["updated"] for one in updates)}

    return await lifecycle.write(call.kernel, call.identity, work)


def _update_one(unit: Unit, request: UpdateRequest) -> Document:
    task = owned_task(unit, request.task)
    sent = {name: value for name in UpdateRequest.__struct_fields__ if (value := getattr(request, name)) is not None}
    del sent["task"]
    if "output__error" in sent:
        sent["output.error"] = sent.pop("output__error")
    if "name" in sent:
        sent["name"] = store.checked_name(sent["name"], "task")
    for field in ("tags", "system_tags"):
        if field in sent:
            sent[field] = documents.tags(sent[field])
    documents.check_references(unit, sent)
    return written(unit, task, sent, tells=False)


async def set_requirements(call: Call, request: RequirementsRequest) -> Document:
    """Replace the packages of a task, in any status."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task)
        return {**written(unit, task, {"script.requirements": request.requirements}), "fields": {}}

    return await lifecycle.write(call.kernel, call.identity, work)


def require_status(task: Document, field: str, allowed: Collection[str], *, forced: Collection[str], force: bool) -> None:
    """Raise 400/110 unless the task's status is one of ``allowed``, or of ``forced`` and the caller insists."""
    status = task["status"]
    if status in allowed or (force and status in forced):
        return
    expected = ", ".join(allowed)
    raise ApiError(400, 110, "Invalid task status", id=task["id"], field=field, status=status, expected=expected)


def require_text(value: str | None, field: str) -> str:
    """The value, which must be given (400/12)."""
    if not value:
        raise validation(field, "a text is required")
    return value
