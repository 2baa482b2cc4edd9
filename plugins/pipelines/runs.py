"""Runs of pipelines."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import PROJECT, TASK, Task, table_of
from trackyard.core.errors import ApiError, invalid_id
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.many import many_in_unit
from trackyard.core.protocol.requests import IdsRequest, Request
from trackyard.core.store import Document

CONTROLLER = "controller"
ARGUMENTS = "Args"
"""The section of the parameters that a pipeline is started with."""
NUMBERED = re.compile(r"^(?P<name>.*?)(?: #(?P<number>\d{1,9}))?$", re.DOTALL)


class Argument(msgspec.Struct):
    """A parameter of a new run."""

    name: str
    value: str | None = None


class StartRequest(Request):
    """A new run of the pipeline that the task ran; without ``queue`` it waits in the default queue."""

    task: str
    queue: str | None = None
    args: list[Argument] = []
    verify_watched_queue: bool = False


class DeleteRequest(IdsRequest):
    """Runs of one pipeline, which is its project, to be deleted."""

    project: str
    include_pipeline_steps: bool = False


async def start_pipeline(call: Call, request: StartRequest) -> Document:
    """Copy the controller of a pipeline with new arguments, and enqueue the copy."""
    source = await call.metadata.read(lambda session: _source(session, call, request))
    clone = {"task": request.task, "new_task_name": source["name"]}
    if request.args:
        clone["new_task_hyperparams"] = _with_arguments(source["hyperparams"], request.args)
    new = (await _ask(call, "tasks.clone", clone))["id"]
    try:
        enqueued = await _ask(call, "tasks.enqueue", _enqueue_body(new, request))
    except ApiError:
        await _ask(call, "tasks.delete", {"task": new, "force": True})
        raise
    watched = {"queue_watched": enqueued["queue_watched"]} if request.verify_watched_queue else {}
    return {"pipeline": new, "enqueued": bool(enqueued["queued"]), **watched}


async def _ask(call: Call, name: str, body: Document) -> Document:
    answer: Document = await call.kernel.call(name, body, call.identity)
    return answer


def _enqueue_body(task: str, request: StartRequest) -> Document:
    body: Document = {"task": task, "verify_watched_queue": request.verify_watched_queue}
    return body | ({"queue": request.queue} if request.queue else {})


def _source(session: Session, call: Call, request: StartRequest) -> Document:
    """The parameters of the run to start from, and the name that a new run gets: the next free number."""
    fields = ("name", "project", "hyperparams")
    task = store.require(session, TASK, request.task, company=call.identity.company, fields=fields)
    table, name = table_of(Task), _split(task["name"])[0]
    same_project = select(table.c.name).where(table.c.project == task.get("project"), table.c.type == CONTROLLER)
    runs = [_split(run) for run in session.execute(same_project).scalars()]
    last = max((number for run, number in runs if run == name), default=1)
    return {"name": f"{name} #{last + 1}", "hyperparams": task["hyperparams"]}


def _split(name: str) -> tuple[str, int]:
    found = NUMBERED.match(name)
    return (found["name"], int(found["number"] or 1)) if found else (name, 1)


def _with_arguments(hyperparams: Document, arguments: list[Argument]) -> Document:
    section = dict(hyperparams.get(ARGUMENTS) or {})
    for one in arguments:
        old = section.get(one.name) or {"section": ARGUMENTS, "name": one.name}
        section[one.name] = {**old, "value": one.value if one.value is not None else ""}
    return {**hyperparams, ARGUMENTS: section}


async def delete_runs(call: Call, request: DeleteRequest) -> Document:
    """Delete runs of a pipeline; raises 400/160 when none would stay."""

    def check(session: Session) -> Document:
        store.require_own(session, PROJECT, request.project, company=call.identity.company, fields=())
        runs = _runs(session, call.identity.company, request.project)
        if runs and runs <= set(request.ids):
            raise ApiError(400, 160, "Cannot delete all runs of a pipeline", project=request.project)

        def known(one: str) -> Document:
            if one not in runs:
                raise invalid_id("task", one, project=request.project)
            return {}

        return many_in_unit(session, request.ids, known)

    checked = await call.metadata.read(check)
    ids = [item["id"] for item in checked["succeeded"]]
    if not ids:
        return checked
    deleted = await _ask(call, "tasks.delete_many", {**call.body, "ids": ids, "force": True})
    return {**deleted, "failed": [*deleted["failed"], *checked["failed"]]}


def _runs(session: Session, company: str, project: str) -> set[str]:
    table = table_of(Task)
    where = (table.c.project == project, table.c.company == company, table.c.type == CONTROLLER)
    return set(session.execute(select(table.c.id).where(*where)).scalars())
