"""Clone a task and enqueue the clone, exactly once: for services that start other tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackyard.core.services.context import Context

CALLS = ("tasks.get_all", "tasks.clone", "tasks.enqueue", "tasks.edit_hyper_params")
"""What a service that makes clones must declare."""


async def launch_clone(
    context: Context,
    source: str,
    parent: str,
    mark: str,
    name: str,
    parameters: Mapping[str, str],
    queue: str,
    more: Mapping[str, Any] | None = None,
) -> str:
    """The clone of ``source`` with that mark (its comment) in the queue ``queue``; made unless it is there already.

    Keep the mark in the store before, and call it again after a restart: whatever a crash cut off is finished, and nothing
    is done twice. ``parameters`` are by ``section/name``, ``more`` are further fields of ``tasks.clone``. Raises `ValueError`
    if there is no such task.
    """
    task, status = await _find_or_make(context, source, parent, mark, name, more or {})
    if status != "created":
        return task
    items = [{"section": path.partition("/")[0], "name": path.partition("/")[2], "value": v} for path, v in parameters.items()]
    if items:
        await context.call("tasks.edit_hyper_params", task=task, hyperparams=items)
    await context.call("tasks.enqueue", task=task, queue_name=queue)
    return task


async def _find_or_make(
    context: Context, source: str, parent: str, mark: str, name: str, more: Mapping[str, Any]
) -> tuple[str, str]:
    query: dict[str, Any] = {"parent": parent, "only_fields": ["id", "status", "comment"], "search_hidden": True}
    made = (await context.call("tasks.get_all", **query, order_by=["-created"], page=0, page_size=100))["tasks"]
    found = next((item for item in made if item.get("comment") == mark), None)
    if found is not None:
        return str(found["id"]), str(found["status"])
    if not name:
        named = await context.call("tasks.get_all", id=[source], only_fields=["name"], search_hidden=True)
        name = named["tasks"][0]["name"] if named["tasks"] else ""
    body = {**more, "new_task_name": name, "new_task_comment": mark, "new_task_parent": parent}
    return str((await context.call("tasks.clone", task=source, **body))["id"]), "created"
