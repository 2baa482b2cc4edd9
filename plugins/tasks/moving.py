"""Tasks between projects, in and out of the archive, with other tags, and shown to everybody."""

from __future__ import annotations

from trackyard.core import lifecycle, store
from trackyard.core.entities import TASK
from trackyard.core.lifecycle import Unit, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import IdsRequest, MoveRequest, PublicityRequest, TagsChangeRequest
from trackyard.core.store import Document
from trackyard.plugins.tasks.editing import written
from trackyard.plugins.tasks.requests import ArchiveOneRequest, ArchiveRequest
from trackyard.plugins.tasks.statuses import one_of, pipeline_steps, text_of


async def move(call: Call, request: MoveRequest) -> Document:
    """Move tasks to a project, by id or by name (it is created if there is none), or to the root."""

    def work(unit: Unit) -> Document:
        project = store.chosen_project(unit.session, unit.identity, call.body)
        for task in [owned_task(unit, task) for task in request.ids]:
            written(unit, task, {"project": project})
        return {"project_id": project}

    return await lifecycle.write(call.kernel, call.identity, work)


async def archive(call: Call, request: ArchiveRequest) -> Document:
    """Archive tasks, all or none."""

    def work(unit: Unit) -> Document:
        asked = [one_of(call, task, ArchiveOneRequest) for task in dict.fromkeys(request.tasks)]
        return {"archived": sum(_archive_one(unit, one, archived=True) for one in asked)}

    return await lifecycle.write(call.kernel, call.identity, work)


async def archive_many(call: Call, request: IdsRequest) -> Document:
    """Archive tasks one by one."""
    return await _archive_many(call, request, archived=True)


async def unarchive_many(call: Call, request: IdsRequest) -> Document:
    """Take tasks out of the archive, one by one."""
    return await _archive_many(call, request, archived=False)


async def _archive_many(call: Call, request: IdsRequest, *, archived: bool) -> Document:
    def work(unit: Unit, task: str) -> Document:
        _archive_one(unit, one_of(call, task, ArchiveOneRequest), archived=archived)
        return {"archived" if archived else "unarchived": True}

    return await lifecycle.write_many(call.kernel, call.identity, request.ids, work)


def _archive_one(unit: Unit, request: ArchiveOneRequest, *, archived: bool) -> int:
    """How many tasks were archived (or taken out): the task and, if asked for, the steps of a pipeline."""
    task = owned_task(unit, request.task)
    steps = pipeline_steps(unit, task) if request.include_pipeline_steps else []
    for one in [task, *(owned_task(unit, step) for step in steps)]:
        if archived and one["status"] == "queued":
            lifecycle.dequeue(unit, one)
        tags = set(one["system_tags"]) - {store.ARCHIVED} | ({store.ARCHIVED} if archived else set())
        text = text_of(request)
        changes = {"system_tags": sorted(tags), "status_reason": text.reason, "status_message": text.message}
        written(unit, one, changes, tells=False)
    return 1 + len(steps)


async def update_tags(call: Call, request: TagsChangeRequest) -> Document:
    """Add tags to tasks and remove others."""
    add, remove = request.add_tags, request.remove_tags
    changed = await call.metadata.write(lambda session: store.change_tags(session, TASK, request.ids, call.identity, add, remove))
    return {"updated": changed}


async def make_public(call: Call, request: PublicityRequest) -> Document:
    """Show tasks to everybody; nobody can change them any more."""
    return {"updated": await call.metadata.write(lambda session: store.make_public(session, TASK, request.ids, call.identity))}


async def make_private(call: Call, request: PublicityRequest) -> Document:
    """Take tasks back that were shown to everybody."""
    return {"updated": await call.metadata.write(lambda session: store.make_private(session, TASK, request.ids, call.identity))}
