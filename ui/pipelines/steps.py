"""The steps of runs: what the controller wrote of them, the tasks that do them, and how they are shown."""

from __future__ import annotations

import json

from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt
from trackyard.ui.graph import MOST
from trackyard.ui.run_details import FIELDS, seconds

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
