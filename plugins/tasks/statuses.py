"""Changes of status: started, stopped, completed, failed, closed, published, and the request to stop."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from trackyard.core import clock, lifecycle, store
from trackyard.core.entities import MODEL, Task, table_of
from trackyard.core.lifecycle import StatusText, Unit, change_status, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import IdsRequest, convert
from trackyard.core.store import Document
from trackyard.plugins.tasks.requests import (
    CompletedRequest,
    PublishRequest,
    StatusRequest,
    StopRequest,
    TaskRequest,
    TextRequest,
)

R = TypeVar("R", bound=TaskRequest)


def text_of(request: TextRequest) -> StatusText:
    """What the caller says, or nothing."""
    return StatusText(request.status_reason or "", request.status_message or "")


def one_of(call: Call, task: str, single: type[R]) -> R:
    """The request for one task out of a call for many."""
    return convert({**call.body, "task": task}, single)


async def _set_status(call: Call, request: StatusRequest, new: str, *, ends: bool = False) -> Document:
    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task)
        more = {"completed": unit.now} if ends else {}
        return {"updated": 1, "fields": change_status(unit, task, new, text_of(request), force=request.force, more=more)}

    return await lifecycle.write(call.kernel, call.identity, work)


async def started(call: Call, request: StatusRequest) -> Document:
    """A task runs. Agents and the SDK say so several times; the time of the first start is kept."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task)
        more: Document = {"enqueue_status": None} if task.get("enqueue_status") else {}
        if not task.get("started"):
            more["started"] = unit.now
        fields = change_status(unit, task, "in_progress", text_of(request), force=request.force, more=more)
        return {"updated": 1, "fields": fields, "started": 1}

    return await lifecycle.write(call.kernel, call.identity, work)


async def stopped(call: Call, request: StatusRequest) -> Document:
    """A task was stopped: its runner says so."""
    return await _set_status(call, request, "stopped", ends=True)


async def failed(call: Call, request: StatusRequest) -> Document:
    """A task failed."""
    return await _set_status(call, request, "failed")


async def close(call: Call, request: StatusRequest) -> Document:
    """A stopped task is closed."""
    return await _set_status(call, request, "closed")


async def completed(call: Call, request: CompletedRequest) -> Document:
    """A task is done, and published if asked for."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task, ("models",))
        text = text_of(request)
        fields = change_status(unit, task, "completed", text, force=request.force, more={"completed": unit.now})
        if request.publish:
            fields |= _publish(unit, task, text, force=request.force)
        return {"updated": 1, "fields": fields, "published": int(request.publish)}

    return await lifecycle.write(call.kernel, call.identity, work)


async def publish(call: Call, request: PublishRequest) -> Document:
    """Publish a task for good, and make its last output model ready."""
    return await lifecycle.write(call.kernel, call.identity, lambda unit: _publish_one(unit, request))


async def publish_many(call: Call, request: IdsRequest) -> Document:
    """Publish tasks one by one."""

    def work(unit: Unit, task: str) -> Document:
        return _publish_one(unit, one_of(call, task, PublishRequest))

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work)


def _publish_one(unit: Unit, request: PublishRequest) -> Document:
    task = owned_task(unit, request.task, ("models",))
    fields = _publish(unit, task, text_of(request), force=request.force, with_model=request.publish_model)
    return {"updated": 1, "fields": fields}


def _publish(unit: Unit, task: Document, text: StatusText, *, force: bool, with_model: bool = True) -> Document:
    fields = change_status(unit, task, "published", text, force=force, more={"published": unit.now})
    models = task["models"].get("output") or []
    if with_model and models:
        store.update(unit.session, MODEL, models[-1]["model"], {"ready": True}, by=unit.identity.user, expected={"ready": False})
    return fields


async def stop(call: Call, request: StopRequest) -> Document:
    """Ask a task to stop; one that has nobody to obey is stopped at once."""
    return await lifecycle.write(call.kernel, call.identity, lambda unit: _stop_one(unit, request))


async def stop_many(call: Call, request: IdsRequest) -> Document:
    """Ask tasks to stop, one by one."""

    def work(unit: Unit, task: str) -> Document:
        return _stop_one(unit, one_of(call, task, StopRequest))

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work)


def _stop_one(unit: Unit, request: StopRequest) -> Document:
    task = owned_task(unit, request.task)
    fields = lifecycle.stop(unit, task, request.status_reason or "", force=request.force)
    if request.include_pipeline_steps:
        for step in pipeline_steps(unit, task, ("queued", "in_progress")):
            lifecycle.stop(unit, owned_task(unit, step), request.status_reason or "")
    return {"updated": 1, "fields": fields}


def pipeline_steps(unit: Unit, task: Document, statuses: tuple[str, ...] = ()) -> list[str]:
    """The ids of the steps of a pipeline's controller (in one of ``statuses``); other tasks have none."""
    if task["type"] != "controller":
        return []
    table = table_of(Task)
    query = select(table.c.id).where(table.c.parent == task["id"], table.c.company == unit.identity.company)
    if statuses:
        query = query.where(table.c.status.in_(statuses))
    return list(unit.session.execute(query.order_by(table.c.num)).scalars())


async def ping(call: Call, request: TaskRequest) -> Document:
    """A task lives. Nothing is said of unknown ones."""
    company, task = call.identity.company, request.task
    moment = clock.now()
    await call.metadata.write(lambda session: lifecycle.mark_alive(session, task, moment, company))
    return {}
