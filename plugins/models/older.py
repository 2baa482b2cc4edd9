"""Endpoints that only versions up to 2.13 of the protocol know: the one model of a task."""

from __future__ import annotations

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.clock import now
from trackyard.core.entities import MODEL, TASK
from trackyard.core.errors import ApiError, missing_fields
from trackyard.core.identity import Identity
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request, given
from trackyard.core.protocol.version import Version
from trackyard.core.store import Document
from trackyard.plugins.models.values import checked

LAST_VERSION = Version(2, 13)
FIELDS = ("name", "uri", "comment", "tags", "system_tags")


class TaskModelRequest(Request):
    """Names a task."""

    task: str


class TaskModelChange(TaskModelRequest, kw_only=True):
    """The model that a task made: a known one by its id, or the values of one that is made or changed."""

    override_model_id: str | None = None
    uri: str | None = None
    name: str | None = None
    comment: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    iteration: int | None = None


async def get_by_task_id(call: Call, request: TaskModelRequest) -> Document:
    """The last model that a task made; 400/122 if it made none."""
    _refuse_newer(call)
    company = call.identity.company

    def work(session: Session) -> Document:
        task = store.require(session, TASK, request.task, company=company, fields=("models",))
        made = task["models"]["output"]
        if not made:
            raise ApiError(400, 122, "Missing task fields", id=request.task, fields="models.output")
        return {"model": store.require(session, MODEL, made[-1]["model"], company=company)}

    return await call.metadata.read(work)


async def update_for_task(call: Call, request: TaskModelChange) -> Document:
    """Set the model that a task made; without one so far it is made from the given values."""
    _refuse_newer(call)
    if not request.override_model_id and not request.uri:
        raise missing_fields("uri", "override_model_id")
    return await call.metadata.write(lambda session: _update(session, call.identity, request))


def _update(session: Session, identity: Identity, request: TaskModelChange) -> Document:
    fields = ("models", "last_iteration", "project", "name")
    task = store.require_own(session, TASK, request.task, company=identity.company, fields=fields)
    answer = _model(session, identity, request, task)
    made = [item for item in task["models"]["output"] if item["model"] != answer["id"]]
    item = {"name": task["name"], "model": answer["id"], "updated": now()}
    changes: Document = {"models": {**task["models"], "output": [*made, item]}}
    if request.iteration is not None and request.iteration > task["last_iteration"]:
        changes["last_iteration"] = request.iteration
    store.update(session, TASK, request.task, changes, by=identity.user)
    store.touch_projects(session, [task.get("project")])
    return answer


def _model(session: Session, identity: Identity, request: TaskModelChange, task: Document) -> Document:
    if request.override_model_id:
        store.require(session, MODEL, request.override_model_id, company=identity.company, fields=("id",))
        return {"id": request.override_model_id, "created": False}
    values = checked(session, identity, given(request, FIELDS))
    if made := task["models"]["output"]:
        model = made[-1]["model"]
        written = store.update(session, MODEL, model, values, by=identity.user)
        return {"id": model, "created": False, "updated": int(bool(written)), "fields": written}
    own = {"name": task["name"], "project": task.get("project"), "task": request.task, "ready": False}
    values = {**own, "company": identity.company, "user": identity.user, "last_iteration": 0, **values}
    return {"id": store.insert(session, MODEL, values, by=identity.user), "created": True}


def _refuse_newer(call: Call) -> None:
    if call.version > LAST_VERSION:
        raise ApiError(301, 1, "Endpoint is not supported anymore", endpoint=call.endpoint)
