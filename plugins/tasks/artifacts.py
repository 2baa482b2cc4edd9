"""Artifacts and models of tasks."""

from __future__ import annotations

from trackyard.core import lifecycle
from trackyard.core.entities.task import TASK_STATUSES
from trackyard.core.lifecycle import Unit, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.tasks.documents import artifact_key, items, merge_artifacts, merge_models
from trackyard.plugins.tasks.editing import require_status, written
from trackyard.plugins.tasks.requests import AddModelRequest, ArtifactKeysRequest, ArtifactsRequest, DeleteModelsRequest


async def add_or_update_artifacts(call: Call, request: ArtifactsRequest) -> Document:
    """Add artifacts, or replace those of the same key and mode."""

    def work(unit: Unit) -> Document:
        task = _changeable(unit, request.task, force=request.force)
        artifacts = merge_artifacts(task["execution"].get("artifacts") or [], items(call.body["artifacts"]))
        return {"updated": written(unit, task, {"execution": {**task["execution"], "artifacts": artifacts}})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


async def delete_artifacts(call: Call, request: ArtifactKeysRequest) -> Document:
    """Forget artifacts; their files stay."""

    def work(unit: Unit) -> Document:
        task = _changeable(unit, request.task, force=request.force)
        gone = {(one.key, one.mode or "output") for one in request.artifacts}
        old = task["execution"].get("artifacts") or []
        left = [item for item in old if artifact_key(item) not in gone]
        if left == old:
            return {"deleted": 0}
        return {"deleted": written(unit, task, {"execution": {**task["execution"], "artifacts": left}})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


def _changeable(unit: Unit, task_id: str, *, force: bool) -> Document:
    task = owned_task(unit, task_id, ("execution",))
    require_status(task, "artifacts", ("created", "in_progress"), forced=TASK_STATUSES, force=force)
    return task


async def add_or_update_model(call: Call, request: AddModelRequest) -> Document:
    """Note a model that a task reads or made. Whether there is such a model is not asked."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task, ("models", "last_iteration"))
        item = {"name": request.name, "model": request.model}
        side = merge_models(task["models"].get(request.type) or [], [item], unit)
        changes: Document = {"models": {**task["models"], request.type: side}}
        if request.iteration is not None and request.iteration > task["last_iteration"]:
            changes["last_iteration"] = request.iteration
        return {"updated": written(unit, task, changes)["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


async def delete_models(call: Call, request: DeleteModelsRequest) -> Document:
    """Forget models of a task by their names there; the models stay."""

    def work(unit: Unit) -> Document:
        task = owned_task(unit, request.task, ("models",))
        gone = {(key.type, key.name) for key in request.models}
        left = {
            side: [item for item in items or [] if (side, item["name"]) not in gone] for side, items in task["models"].items()
        }
        if left == task["models"]:
            return {"updated": 0}
        return {"updated": written(unit, task, {"models": left})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)
