"""Writing reports: tasks of the type ``report`` that live in the hidden project ``.reports`` of their project."""

from __future__ import annotations

from sqlmodel import Session
from trackyard.core import lifecycle, store
from trackyard.core.entities import PROJECT, TASK
from trackyard.core.errors import ApiError, bad_status
from trackyard.core.identity import Identity
from trackyard.core.lifecycle import StatusText, Unit
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import given
from trackyard.core.store import Document
from trackyard.plugins.reports.requests import (
    CommentRequest,
    CreateRequest,
    DeleteRequest,
    MoveReportRequest,
    UpdateRequest,
)

FOLDER = ".reports"
FOLDER_TAGS = ["hidden", "reports"]
FIELDS = ("name", "tags", "comment", "report", "report_assets")


def folder_of(session: Session, identity: Identity, project: str | None) -> str:
    """The project for the reports of a project (None: the root), which is made if need be; raises 400/401."""
    if project is None:
        return store.ensure_project(session, identity, FOLDER, {"system_tags": FOLDER_TAGS})
    found = store.require_own(session, PROJECT, project, company=identity.company, fields=("name", "basename"))
    if found["basename"] == FOLDER:
        return project
    return store.ensure_project(session, identity, f"{found['name']}/{FOLDER}", {"system_tags": FOLDER_TAGS})


def owned(unit: Unit, task: str) -> Document:
    """A report that the caller may change; raises 400/101, and 400/150 for another type of task."""
    found = lifecycle.owned_task(unit, task, {"report_assets", "comment"})
    if found["type"] != "report":
        raise ApiError(400, 150, "Operation is supported on reports only", id=task, type=found["type"])
    return found


async def create(call: Call, request: CreateRequest) -> Document:
    """Write a new report."""

    def work(session: Session) -> Document:
        folder = folder_of(session, call.identity, request.project)
        document = {
            **given(request, FIELDS),
            "name": store.checked_name(request.name, "report"),
            "type": "report",
            "status": "created",
            "system_tags": ["reports"],
            "company": call.identity.company,
            "user": call.identity.user,
            "project": folder,
        }
        report = store.insert(session, TASK, document, by=call.identity.user)
        store.touch_projects(session, [folder])
        return {"id": report, "project_id": folder}

    return await call.metadata.write(work)


async def update(call: Call, request: UpdateRequest) -> Document:
    """Change a draft; raises 400/110 for a published report."""
    values = given(request, FIELDS)
    if "name" in values:
        values["name"] = store.checked_name(values["name"], "report")

    def work(unit: Unit) -> Document:
        found = owned(unit, request.task)
        if found["status"] != "created":
            raise ApiError(400, 110, "Invalid task status", expected="created", current_status=found["status"])
        fields = store.update(unit.session, TASK, request.task, values, by=call.identity.user)
        store.touch_projects(unit.session, [found.get("project")] if fields else [])
        return {"updated": int(bool(fields)), "fields": fields}

    return await lifecycle.write(call.kernel, call.identity, work)


async def publish(call: Call, request: CommentRequest) -> Document:
    """Publish a report; raises 400/110 when it is published."""

    def work(unit: Unit) -> Document:
        found = owned(unit, request.task)
        if found["status"] == "published":
            raise bad_status("published", "published")
        more = {"published": unit.now, **given(request, ("comment",))}
        fields = lifecycle.change_status(unit, found, "published", StatusText(), force=True, more=more)
        return {"updated": 1, "fields": fields}

    return await lifecycle.write(call.kernel, call.identity, work)


async def archive(call: Call, request: CommentRequest) -> Document:
    """Archive a report."""
    return {"archived": await _set_archived(call, request, archived=True)}


async def unarchive(call: Call, request: CommentRequest) -> Document:
    """Bring a report back from the archive."""
    return {"unarchived": await _set_archived(call, request, archived=False)}


async def _set_archived(call: Call, request: CommentRequest, *, archived: bool) -> int:
    change = store.archive if archived else store.unarchive

    def work(unit: Unit) -> int:
        found = owned(unit, request.task)
        done = change(unit.session, TASK, request.task, call.identity)
        store.update(unit.session, TASK, request.task, given(request, ("comment",)), by=call.identity.user)
        store.touch_projects(unit.session, [found.get("project")])
        return int(done)

    return await lifecycle.write(call.kernel, call.identity, work)


async def move(call: Call, request: MoveReportRequest) -> Document:
    """Move a report to another project."""

    def work(unit: Unit) -> Document:
        found = owned(unit, request.task)
        target = store.chosen_project(unit.session, call.identity, call.body)
        folder = folder_of(unit.session, call.identity, target)
        store.update(unit.session, TASK, request.task, {"project": folder}, by=call.identity.user)
        store.touch_projects(unit.session, [found.get("project"), folder])
        return {"project_id": folder}

    return await lifecycle.write(call.kernel, call.identity, work)


async def delete(call: Call, request: DeleteRequest) -> Document:
    """Delete a report with its files; raises 400/123 when it is published, not archived, and not forced."""

    def work(unit: Unit) -> Document:
        found = owned(unit, request.task)
        if not (request.force or found["status"] == "created" or store.ARCHIVED in found["system_tags"]):
            raise ApiError(400, 123, "Report cannot be deleted: archive it or use force", id=request.task)
        files = [asset for asset in found.get("report_assets", []) if asset]
        store.schedule_deletion(unit.session, files, call.identity, request.task)
        store.touch_projects(unit.session, [found.get("project")])
        return {"deleted": store.delete(unit.session, TASK, [request.task])}

    return await lifecycle.write(call.kernel, call.identity, work)
