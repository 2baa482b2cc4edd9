"""What every tab of a task shows: its head, its tabs and the way to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trackyard.core.clock import now
from trackyard.core.errors import ApiError
from trackyard.core.panels import Page
from trackyard.ui.calls import Data, project_crumbs

HEAD_FIELDS = [
    *("name", "type", "status", "status_reason", "status_message", "tags", "system_tags", "comment", "runtime"),
    *("project.name", "user.name", "parent.name", "last_worker", "last_iteration"),
    *("created", "started", "completed", "last_update", "active_duration"),
]
ABSENT: Data = {
    **dict.fromkeys(("status_reason", "status_message", "comment", "last_worker"), ""),
    **{key: {} for key in ("project", "user", "parent", "runtime", "output", "execution")},
    **{key: [] for key in ("tags", "system_tags")},
}
ENDED = {"completed", "closed", "failed", "stopped", "published", "publishing"}
LIVE = {"in_progress", "queued", "created"}


async def task_context(page: Page, *fields: str) -> dict[str, Any]:
    """The context of a tab: ``task`` (with the fields of the head and those asked for), ``crumbs``, ``title``, ``refresh``."""
    task = await read_task(page, *fields)
    title = str(task["name"])
    return {
        "task": task,
        "title": title,
        "section": "tasks",
        "duration": run_time(task),
        "crumbs": await project_crumbs(page, task.get("project"), {"title": title}),
        "refresh": 4 if task["status"] in LIVE else 0,
    }


async def read_task(page: Page, *fields: str) -> Data:
    """The task of the page's path; raises `ApiError` 404 when there is none that the user may see."""
    body = {"id": [page.params["task"]], "search_hidden": True, "only_fields": [*HEAD_FIELDS, *fields], "page": 0, "page_size": 1}
    tasks = (await page.call("tasks.get_all_ex", body)).get("tasks", [])
    if not tasks:
        raise ApiError(404, 101, "There is no such task", id=page.params["task"])
    # what the task has not is left out of the answer: templates find it empty
    task: Data = ABSENT | tasks[0]
    return task


def run_time(task: Data) -> float | None:
    """Seconds from the start to the end, or to now while the task runs."""
    if not task.get("started"):
        return None
    started = datetime.fromisoformat(str(task["started"]))
    ended = datetime.fromisoformat(str(task["completed"])) if task["status"] in ENDED and task.get("completed") else None
    if ended is None and task["status"] in ENDED:
        return task.get("active_duration")
    return max(0.0, ((ended or now()) - started).total_seconds())
