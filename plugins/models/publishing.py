"""Publishing models and the tasks that made them."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, TASK
from trackyard.core.errors import ApiError
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
    """The task is published first: when that is refused, the model stays as it was."""
    task = await call.metadata.read(lambda session: _task_to_publish(session, call, model))
    answer: Document = {}
    if task and with_task:
        body: dict[str, Any] = {"task": task, "force": force, "publish_model": False}
        answer["published_task"] = {"id": task, "data": await call.kernel.call("tasks.publish", body, call.identity)}

    def work(session: Session) -> int:
        fields = store.update(session, MODEL, model, {"ready": True}, by=call.identity.user, expected={"ready": False})
        if not fields:
            raise _is_ready(model)
        return 1

    return {"updated": await call.metadata.write(work), **answer}


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
