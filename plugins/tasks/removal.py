"""Reset tasks and delete them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from trackyard.core import lifecycle, store
from trackyard.core.entities import TASK, Task, table_of
from trackyard.core.errors import ApiError
from trackyard.core.lifecycle import DELETED_PARENT, StatusText, Unit, change_status, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import IdsRequest
from trackyard.core.store import Document
from trackyard.plugins.tasks import documents
from trackyard.plugins.tasks.cleanup import Results, remove_results, results_of, urls_of
from trackyard.plugins.tasks.left_events import forget_reset, note_reset, shown_files
from trackyard.plugins.tasks.requests import CleanupRequest, DeleteRequest, ResetRequest
from trackyard.plugins.tasks.statuses import one_of, pipeline_steps

EventUrls = dict[str, list[str]]
RESET = StatusText("reset", "reset")
CLEARED: Document = dict.fromkeys(
    ("started", "completed", "published", "active_duration", "last_worker", "last_worker_report", "enqueue_status")
) | {"last_iteration": 0, "last_metrics": {}, "metric_stats": {}, "runtime": {}}
"""What a reset makes empty, whole."""


async def reset(call: Call, request: ResetRequest) -> Document:
    """Throw away the results of a task and make it a draft; its inputs stay."""
    shown = await _shown(call, [request.task], request)
    answer = await lifecycle.write(call.kernel, call.identity, lambda unit: _reset_one(unit, request, shown))
    deleted = await forget_reset(call.kernel, [request.task])
    return {**answer, "dequeued": {}, "events": {"deleted": deleted}, "urls": answer["urls"] or {}}


async def reset_many(call: Call, request: IdsRequest) -> Document:
    """Reset tasks one by one."""
    shown = await _shown(call, request.ids, one_of(call, "", ResetRequest))

    def work(unit: Unit, task: str) -> Document:
        return _reset_one(unit, one_of(call, task, ResetRequest), shown)

    answer = await lifecycle.write_many(call.kernel, call.identity, request.ids, work)
    await forget_reset(call.kernel, [item["id"] for item in answer["succeeded"]])
    return answer


async def _shown(call: Call, ids: Iterable[str], request: CleanupRequest) -> EventUrls:
    """The files that the events of tasks show, as far as the request needs to know them."""
    if not (request.return_file_urls or (request.delete_external_artifacts and isinstance(request, ResetRequest))):
        return {}
    return {task: [url async for url in shown_files(call.events, "task", task)] for task in ids}


def _reset_one(unit: Unit, request: ResetRequest, shown: EventUrls) -> Document:
    task = owned_task(unit, request.task, ("execution", "script", "output", "models"))
    dequeued = bool(lifecycle.leave_queues(unit, task["id"]))
    found = results_of(unit, task, _row(unit, task["id"]))
    fields = change_status(unit, task, "created", RESET, force=request.force, more=_reset_fields(task, request))
    deleted, _ = remove_results(unit, task, found, request, forget=False)
    note_reset(unit, task["id"])
    if request.delete_external_artifacts:
        store.schedule_deletion(unit.session, shown.get(task["id"], []), unit.identity, task["id"])
    urls = urls_of(found, request, shown.get(task["id"], []))
    return {"updated": 1, "fields": fields, "dequeued": dequeued, "deleted_models": deleted, "urls": urls}


def _reset_fields(task: Document, request: ResetRequest) -> Document:
    execution = {key: value for key, value in task["execution"].items() if key != "queue"}
    execution["artifacts"] = [item for item in execution.get("artifacts") or [] if item.get("mode") == "input"]
    fields: Document = {
        **CLEARED,
        "models": {**task["models"], "output": []},
        "output": {key: value for key, value in task["output"].items() if key not in ("error", "result")},
        "execution": execution,
    }
    if request.clear_all:
        fields |= {"execution": documents.default("execution"), "script": documents.default("script")}
    return fields


def _row(unit: Unit, task_id: str) -> int:
    table = table_of(Task)
    return int(unit.session.execute(select(table.c.num).where(table.c.id == task_id)).scalar_one())


async def delete(call: Call, request: DeleteRequest) -> Document:
    """Delete a task with its results; its children stay."""
    shown = await _shown(call, [request.task], request)
    return await lifecycle.write(call.kernel, call.identity, lambda unit: _delete_one(unit, request, shown))


async def delete_many(call: Call, request: IdsRequest) -> Document:
    """Delete tasks one by one."""
    shown = await _shown(call, request.ids, one_of(call, "", DeleteRequest))

    def work(unit: Unit, task: str) -> Document:
        return _delete_one(unit, one_of(call, task, DeleteRequest), shown)

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work)


def _delete_one(unit: Unit, request: DeleteRequest, shown: EventUrls) -> Document:
    task = owned_task(unit, request.task, ("execution",))
    found = results_of(unit, task, _row(unit, task["id"]))
    _refuse_deletion(task, found, force=request.force)
    for step in pipeline_steps(unit, task) if request.include_pipeline_steps else []:
        _remove(unit, owned_task(unit, step, ("execution",)), request)
    counts = _remove(unit, task, request, found)
    return {"deleted": True, **counts, "urls": urls_of(found, request, shown.get(task["id"], []))}


def _refuse_deletion(task: Document, found: Results, *, force: bool) -> None:
    if force:
        return
    if task["status"] != "created" and store.ARCHIVED not in task["system_tags"]:
        raise ApiError(400, 123, "Task cannot be deleted", id=task["id"], status=task["status"], expected="created or archived")
    if found.published:
        models = ", ".join(model["id"] for model in found.published)
        raise ApiError(400, 123, "Task cannot be deleted (it made published models)", id=task["id"], models=models)


def _remove(unit: Unit, task: Document, request: DeleteRequest, found: Results | None = None) -> Document:
    """Delete the task and note what is to be removed in the background: files and events."""
    found = found or results_of(unit, task, _row(unit, task["id"]))
    lifecycle.leave_queues(unit, task["id"])
    deleted, updated = remove_results(unit, task, found, request, forget=True)
    events = store.events_url("task", task["id"], with_files=request.delete_external_artifacts)
    store.schedule_deletion(unit.session, [events], unit.identity, task["id"])
    children = _orphan_children(unit, task["id"])
    store.delete(unit.session, TASK, [task["id"]])
    store.touch_projects(unit.session, [task.get("project")], unit.now)
    return {"updated_children": children, "updated_models": updated, "deleted_models": deleted}


def _orphan_children(unit: Unit, task_id: str) -> int:
    table = table_of(Task)
    children = list(unit.session.execute(select(table.c.id).where(table.c.parent == task_id, table.c.id != task_id)).scalars())
    for child in children:
        store.update(unit.session, TASK, child, {"parent": f"{DELETED_PARENT}{task_id}"}, tells=False)
    return len(children)
