"""Publishing models and the tasks that made them."""

from __future__ import annotations

from sqlmodel import Session
from trackyard.core import lifecycle, store
from trackyard.core.entities import MODEL, TASK
from trackyard.core.errors import ApiError
from trackyard.core.lifecycle import Unit, change_status, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.many import many_calls
from trackyard.core.store import Document
from trackyard.plugins.models.requests import PublishManyRequest, SetReadyRequest

PUBLISHED = ("publishing", "published")


async def set_ready(call: Call, request: SetReadyRequest) -> Document:
    """Publish a model; raises 400/203 when it is ready, 400/110 when its task can't be published."""
    return await _publish(call, request.model, request.publish_task, request.force_publish_task)


async def publish_many(call: Call, request: PublishManyRequest) -> Document:
    """Publish models one by one."""

    async def one(model: str) -> Document:
        done = await _publish(call, model, request.publish_tasks, request.force_publish_task)
        return {**done, "updated": bool(done["updated"])}

    return await many_calls(request.ids, one)


async def _publish(call: Call, model: str, with_task: bool, force: bool) -> Document:
    """The model and its task are published together or, when one of them can't be, not at all."""
    found = await call.metadata.read(lambda session: _task_to_publish(session, call, model))
    if found and with_task:
        await call.kernel.permit("tasks.publish", call.identity)

    def work(unit: Unit) -> Document:
        task = _task_to_publish(unit.session, call, model)
        answer: Document = {"updated": 1}
        if task and with_task:
            fields = change_status(unit, owned_task(unit, task), "published", force=force, more={"published": unit.now})
            answer["published_task"] = {"id": task, "data": {"updated": 1, "fields": fields}}
        if not store.update(unit.session, MODEL, model, {"ready": True}, by=call.identity.user, expected={"ready": False}):
            raise _is_ready(model)
        return answer

    return await lifecycle.write(call.kernel, call.identity, work)


def _task_to_publish(session: Session, call: Call, model: str) -> str | None:
    """The task that made the model, unless it is published; raises 400/201, 400/203."""
    found = store.require_own(session, MODEL, model, company=call.identity.company, fields=("ready", "task"))
    if found["ready"]:
        raise _is_ready(model)
    task = found.get("task")
    maker = store.get(session, TASK, task, company=call.identity.company, fields=("status",)) if task else None
    return None if maker is None or maker["status"] in PUBLISHED else task


def _is_ready(model: str) -> ApiError:
    return ApiError(400, 203, "Model is ready", id=model)
