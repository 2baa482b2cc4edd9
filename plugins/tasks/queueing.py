"""Tasks into queues and out of them."""

from __future__ import annotations

from trackyard.core import lifecycle, store
from trackyard.core.entities import PROJECT, TASK
from trackyard.core.errors import invalid_id
from trackyard.core.lifecycle import Unit, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import IdsRequest
from trackyard.core.store import Document
from trackyard.plugins.tasks.documents import check_models
from trackyard.plugins.tasks.requests import DequeueRequest, EnqueueRequest
from trackyard.plugins.tasks.statuses import one_of, text_of


async def enqueue(call: Call, request: EnqueueRequest) -> Document:
    """Put a task into a queue, or move it from another one."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task, ("models",))
        queue = _chosen_queue(unit, request)
        return _enqueue_one(unit, task, queue, request) | _watched(unit, queue, request)

    return await lifecycle.write(call.kernel, call.identity, work)


async def enqueue_many(call: Call, request: IdsRequest) -> Document:
    """Put tasks into a queue, one by one."""

    choice: EnqueueRequest = one_of(call, "", EnqueueRequest)

    def choose(unit: Unit) -> tuple[str, Document]:
        queue = _chosen_queue(unit, choice)
        return queue, _watched(unit, queue, choice)

    queue, watched = await lifecycle.write(call.kernel, call.identity, choose)

    def work(unit: Unit, task: str) -> Document:
        return {**_enqueue_one(unit, owned_task(unit, task, ("models",)), queue, choice), "queued": True}

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work) | watched


def _chosen_queue(unit: Unit, request: EnqueueRequest) -> str:
    if request.queue:
        return lifecycle.require_queue(unit, request.queue)
    if request.queue_name:
        return lifecycle.queue_by_name(unit, request.queue_name)
    return lifecycle.default_queue(unit)


def _enqueue_one(unit: Unit, task: Document, queue: str, request: EnqueueRequest) -> Document:
    if request.validate_tasks:
        _check_inputs(unit, task)
    keep = not request.update_execution_queue
    done = lifecycle.enqueue(unit, task, queue, text_of(request), force=request.force, keep_execution_queue=keep)
    answer: Document = {"queued": 1, "updated": 1, "fields": done.fields}
    return answer | ({"warnings": done.warnings} if done.warnings else {})


def _check_inputs(unit: Unit, task: Document) -> None:
    """Raise if the task's project (400/401) or an input model (400/201) is gone."""
    check_models(unit, [item["model"] for item in task["models"].get("input") or []])
    project = task.get("project")
    if project and not store.existing(unit.session, PROJECT, [project]):
        raise invalid_id("project", project)


def _watched(unit: Unit, queue: str, request: EnqueueRequest) -> Document:
    return {"queue_watched": lifecycle.is_watched(unit, queue)} if request.verify_watched_queue else {}


async def dequeue(call: Call, request: DequeueRequest) -> Document:
    """Take a task out of its queue; one that is not queued is no error."""
    return await lifecycle.write(call.kernel, call.identity, lambda unit: _dequeue_one(unit, request))


async def dequeue_many(call: Call, request: IdsRequest) -> Document:
    """Take tasks out of their queues, one by one; unknown ones are in none."""

    def work(unit: Unit, task: str) -> Document:
        if not store.existing(unit.session, TASK, [task], company=unit.identity.company):
            return {"dequeued": False, "updated": 0, "fields": {}}
        return {**_dequeue_one(unit, one_of(call, task, DequeueRequest)), "dequeued": True}

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work)


def _dequeue_one(unit: Unit, request: DequeueRequest) -> Document:
    task = owned_task(unit, request.task)
    fields = lifecycle.dequeue(unit, task, text_of(request), new_status=request.new_status)
    return {"dequeued": 1, "updated": int(bool(fields)), "fields": fields}
