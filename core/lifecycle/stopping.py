"""How a task is asked to stop."""

from __future__ import annotations

from datetime import timedelta

from trackyard.core.lifecycle.queues import leave_queues
from trackyard.core.lifecycle.statuses import StatusText, change_status
from trackyard.core.lifecycle.unit import Unit
from trackyard.core.store import Document

STOPPING = "stopping"
"""The message by which a running task is asked to stop: agents and clients look for it."""

WORKER_SILENCE = timedelta(seconds=600)
"""A task that was not updated for so long has no live worker."""


def stop(unit: Unit, task: Document, reason: str = "", *, force: bool = False) -> Document:
    """Ask a running task to stop, or stop it at once when nobody is there to obey; the fields written.

    At once: a queued task (it leaves its queues), one that runs beside its user (``development``), and one without a
    live worker. Otherwise the status stays and the message becomes "stopping": the runner stops and reports.
    """
    if task["status"] == "in_progress" and _has_live_worker(unit, task):
        return change_status(unit, task, "in_progress", StatusText(reason, STOPPING))
    leave_queues(unit, task["id"])
    text = StatusText(reason, f"Stopped by {unit.identity.name}")
    return change_status(unit, task, "stopped", text, force=force, more={"enqueue_status": None})


def _has_live_worker(unit: Unit, task: Document) -> bool:
    if "development" in task["system_tags"] or not task.get("last_worker"):
        return False
    return bool(unit.now - task["last_update"] <= WORKER_SILENCE)
