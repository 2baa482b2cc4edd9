"""The steps of runs: what the controller wrote of them, the tasks that do them, and how they are shown."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from trackyard.core.clock import now
from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt
from trackyard.ui.graph import MOST

FIELDS = ["name", "status", "started", "completed", "status_changed"]
WORDS = {
    "created": "waits for its parents",
    "queued": "queued",
    "in_progress": "running",
    "completed": "completed",
    "published": "published",
    "failed": "failed",
    "stopped": "aborted",
    "cached": "taken from the cache",
    "skipped": "skipped",
}


def seconds(task: Data) -> int | None:
    """How long a task took, or has taken so far; none before it began. A failed one ended when its status changed."""
    started = task.get("started")
    if not started:
        return None
    is_over = task.get("status") not in ("in_progress", "queued")
    end = task.get("completed") or (task.get("status_changed") if is_over else None)
    until = datetime.fromisoformat(end) if end else now()
    return max(0, int((until - datetime.fromisoformat(started)).total_seconds()))


async def configurations(page: Page, tasks: list[str]) -> dict[str, str]:
    """The text of the object "Pipeline" of each run that has one."""
    if not tasks:
        return {}
    found = await attempt(page, "tasks.get_configurations", {"tasks": tasks, "names": ["Pipeline"]})
    return {
        row["task"]: str(item.get("value") or "")
        for row in found.get("configurations", [])
        for item in row.get("configuration") or []
    }


def steps(text: str) -> dict[str, Data]:
    """The steps of the object "Pipeline" (JSON written by the client, maybe broken): {name: {parents, job, status}}."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): _step(node) for name, node in list(found.items())[:MOST] if isinstance(node, dict)}


def _step(node: Data) -> Data:
    parents = node.get("parents")
    return {
        "parents": [str(parent) for parent in parents] if isinstance(parents, list) else [],
        "job": str(node.get("job_id") or node.get("executed") or ""),
        "status": str(node.get("status") or ""),
    }


async def jobs(page: Page, ids: set[str]) -> dict[str, Data]:
    """The tasks of steps, by id."""
    if not ids:
        return {}
    body = {"id": sorted(ids), "only_fields": FIELDS, "search_hidden": True, "page": 0, "page_size": len(ids)}
    return {task["id"]: task for task in (await attempt(page, "tasks.get_all_ex", body)).get("tasks", [])}


def cell(name: str, step: Data, job: Data, path: str, here: str) -> Data:
    """A step as a box of the graph or a cell of the matrix: its status is that of its task, or what the pipeline says of it."""
    status = job.get("status") or step["status"] or "created"
    taken = seconds(job)
    return {
        "title": name,
        "detail": WORDS.get(status, status) + (f", {short(taken)}" if taken is not None else ""),
        "status": status,
        "href": f"{path}&step={job['id']}" if job else "",
        "current": bool(job) and job["id"] == here,
    }


def short(taken: int) -> str:
    """Seconds in a few letters."""
    if taken < 60:
        return f"{taken} s"
    return f"{taken // 60} min" if taken < 3600 else f"{taken // 3600} h {taken % 3600 // 60:02d} min"


async def details(page: Page, task: str) -> Data | None:
    """What the panel at the right shows of a run or a step; none if its task is gone."""
    more = [
        "type",
        "hyperparams",
        "last_metrics",
        "execution.artifacts",
        "models",
        "script",
        "last_worker",
        "comment",
        "last_iteration",
    ]
    body = {"id": [task], "only_fields": [*FIELDS, *more, "status_message", "status_reason"], "search_hidden": True}
    found = (await attempt(page, "tasks.get_by_id_ex", body)).get("tasks", [])
    if not found:
        return None
    shown = found[0]
    log = await attempt(page, "events.get_task_log", {"task": task, "batch_size": 60, "navigate_earlier": True})
    models = {side: shown.get("models", {}).get(side) or [] for side in ("input", "output")}
    return {
        "task": shown,
        "seconds": seconds(shown),
        "parameters": _parameters(shown),
        "metrics": _metrics(shown),
        "artifacts": [_artifact(item) for item in (shown.get("execution") or {}).get("artifacts") or []],
        "models": [{"side": side, **_model(item)} for side, items in models.items() for item in items],
        "log": "".join(str(event.get("msg", "")).rstrip("\n") + "\n" for event in log.get("events", [])[::-1]),
        "code": str((shown.get("script") or {}).get("diff") or ""),
    }


def _parameters(task: Data) -> list[tuple[str, str]]:
    sections: Data = task.get("hyperparams") or {}
    return [
        (f"{section}/{name}", str(item.get("value", "")))
        for section, items in sorted(sections.items())
        for name, item in sorted(items.items())
    ]


def _metrics(task: Data) -> list[tuple[str, Any]]:
    found = [item for variants in (task.get("last_metrics") or {}).values() for item in variants.values()]
    shown = [item for item in found if not str(item.get("metric", "")).startswith(":monitor")]
    return sorted((f"{item.get('metric')} / {item.get('variant')}", item.get("value")) for item in shown)[:50]


def _artifact(item: Data) -> Data:
    return {
        "key": item.get("key", ""),
        "uri": item.get("uri") or "",
        "size": item.get("content_size"),
        "preview": str((item.get("type_data") or {}).get("preview") or "")[:2000],
    }


def _model(item: Data) -> Data:
    model = item.get("model")
    known = model if isinstance(model, dict) else {"id": model}
    return {"id": str(known.get("id") or ""), "name": str(known.get("name") or item.get("name") or "")}
