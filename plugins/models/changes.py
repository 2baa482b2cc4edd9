"""Making models and changing them."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, TASK
from trackyard.core.errors import validation
from trackyard.core.identity import Identity
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.many import many_in_units
from trackyard.core.protocol.requests import IdsRequest, MoveRequest, PublicityRequest, TagsChangeRequest, given
from trackyard.core.store import Document
from trackyard.plugins.models.requests import (
    CreateRequest,
    EditRequest,
    MetadataChange,
    MetadataRemoval,
    UpdateRequest,
)
from trackyard.plugins.models.values import checked, metadata_by_key, metadata_item

FIELDS = (
    "name",
    "uri",
    "comment",
    "tags",
    "system_tags",
    "framework",
    "design",
    "labels",
    "ready",
    "project",
    "parent",
    "task",
    "metadata",
)
UPDATABLE = ("name", "comment", "tags", "system_tags", "created", "ui_cache", "project", "task")


async def create(call: Call, request: CreateRequest) -> Document:
    """Make a model."""

    def work(session: Session) -> str:
        values = checked(session, call.identity, given(request, FIELDS))
        values["company"] = _company(session, call.identity, request)
        values |= {"user": call.identity.user, "last_iteration": 0}
        model = store.insert(session, MODEL, values, by=call.identity.user)
        store.touch_projects(session, [request.project])
        return model

    return {"id": await call.metadata.write(work), "created": True}


def _company(session: Session, identity: Identity, request: CreateRequest) -> str:
    if not request.public:
        return identity.company
    project = store.get(session, PROJECT, request.project, fields=("company",)) if request.project else None
    if project is None or project.get("company", ""):
        raise validation("public", "a public model needs a public project")
    return ""


async def edit(call: Call, request: EditRequest) -> Document:
    """Change any field of a model."""
    return await _change(call, request.model, given(request, FIELDS), request.iteration)


async def update(call: Call, request: UpdateRequest) -> Document:
    """Change what may be changed of a model at any time."""
    values = given(request, UPDATABLE)
    if request.ready:
        values["ready"] = True
    return await _change(call, request.model, values, request.iteration)


async def _change(call: Call, model: str, values: Document, iteration: int | None) -> Document:
    def work(session: Session) -> Document:
        old = store.require_own(session, MODEL, model, company=call.identity.company, fields=("task", "project"))
        fields = store.update(session, MODEL, model, checked(session, call.identity, values, model), by=call.identity.user)
        if iteration is not None:
            _move_iteration(session, call.identity, values.get("task") or old.get("task"), iteration)
        if not fields:
            return {"updated": 0, "fields": {}}
        store.touch_projects(session, [old.get("project"), values.get("project")])
        return {"updated": 1, "fields": {**fields, "ui_cache": fields.get("ui_cache") or {}}}

    return await call.metadata.write(work)


def _move_iteration(session: Session, identity: Identity, task: str | None, iteration: int) -> None:
    """The task that made the model has come at least this far."""
    found = task and store.get(session, TASK, task, company=identity.company, fields=("last_iteration", "company"))
    if task and found and found.get("company", "") and iteration > found["last_iteration"]:
        store.update(session, TASK, task, {"last_iteration": iteration}, by=identity.user)


async def add_or_update_metadata(call: Call, request: MetadataChange) -> Document:
    """Add entries to a model's metadata or replace them."""
    items = {item.key: metadata_item(item.key, item.type, item.value) for item in request.metadata}

    def changed(old: Document) -> Document:
        return metadata_by_key(items if request.replace_metadata else {**old, **items})

    return await _change_metadata(call, request.model, changed)


async def delete_metadata(call: Call, request: MetadataRemoval) -> Document:
    """Remove entries of a model's metadata."""

    def changed(old: Document) -> Document:
        return {key: item for key, item in old.items() if key not in request.keys}

    return await _change_metadata(call, request.model, changed)


async def _change_metadata(call: Call, model: str, changed: Callable[[Document], Document]) -> Document:
    def work(session: Session) -> Document:
        old = store.require_own(session, MODEL, model, company=call.identity.company, fields=("metadata", "project"))
        new = changed(old["metadata"])
        if new == old["metadata"]:
            return {"updated": 0}
        store.update(session, MODEL, model, {"metadata": new}, by=call.identity.user)
        store.touch_projects(session, [old.get("project")])
        return {"updated": 1}

    return await call.metadata.write(work)


async def archive_many(call: Call, request: IdsRequest) -> Document:
    """Archive models."""

    def work(session: Session, model: str) -> Document:
        return {"archived": store.archive(session, MODEL, model, call.identity)}

    return await many_in_units(call.metadata, request.ids, work)


async def unarchive_many(call: Call, request: IdsRequest) -> Document:
    """Bring models back from the archive."""

    def work(session: Session, model: str) -> Document:
        return {"unarchived": store.unarchive(session, MODEL, model, call.identity)}

    return await many_in_units(call.metadata, request.ids, work)


async def update_tags(call: Call, request: TagsChangeRequest) -> Document:
    """Add tags to models and remove others."""

    def work(session: Session) -> Document:
        changed = store.change_tags(session, MODEL, request.ids, call.identity, request.add_tags, request.remove_tags)
        return {"updated": changed}

    return await call.metadata.write(work)


async def move(call: Call, request: MoveRequest) -> Document:
    """Move models to a project, which is made if its name is new."""

    def work(session: Session) -> Document:
        project = store.chosen_project(session, call.identity, call.body)
        sources = []
        for model in request.ids:
            found = store.require_own(session, MODEL, model, company=call.identity.company, fields=("project",))
            sources.append(found.get("project"))
            store.update(session, MODEL, model, {"project": project}, by=call.identity.user)
        store.touch_projects(session, [*sources, project])
        return {"project_id": project}

    return await call.metadata.write(work)


async def make_public(call: Call, request: PublicityRequest) -> Document:
    """Show models to everybody, read-only."""
    return await call.metadata.write(lambda session: {"updated": store.make_public(session, MODEL, request.ids, call.identity)})


async def make_private(call: Call, request: PublicityRequest) -> Document:
    """Take public models back."""
    return await call.metadata.write(lambda session: {"updated": store.make_private(session, MODEL, request.ids, call.identity)})
