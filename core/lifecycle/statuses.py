"""The states of a task, the transitions between them, and what every change of status writes."""

from __future__ import annotations

from dataclasses import dataclass

from trackyard.core import store
from trackyard.core.entities import TASK
from trackyard.core.errors import ApiError, bad_status
from trackyard.core.extension import StatusChange
from trackyard.core.lifecycle.unit import Unit
from trackyard.core.store import Document

TRANSITIONS: dict[str, frozenset[str]] = {
    "created": frozenset({"queued", "in_progress"}),
    "queued": frozenset({"created", "in_progress", "stopped"}),
    "in_progress": frozenset({"stopped", "failed", "created", "completed"}),
    "stopped": frozenset(
        {"closed", "created", "failed", "queued", "in_progress", "published", "publishing", "completed"},
    ),
    "closed": frozenset({"created", "failed", "published", "publishing", "stopped"}),
    "failed": frozenset({"created", "stopped", "published", "queued"}),
    "publishing": frozenset({"published"}),
    "published": frozenset(),
    "completed": frozenset({"published", "in_progress", "created"}),
}
"""Which statuses may follow which, unless a call is forced. A status may follow itself, but for ``published``."""

WATCHDOG_TEXT = "Forced stop (non-responsive)"
"""Reason and message of the watchdog. Clients compare it and then take the task for still running."""

DELETED_PARENT = "__DELETED__"
"""Put before the parent of tasks whose parent was deleted."""


@dataclass(frozen=True)
class StatusText:
    """What the caller says of a change of status; a call that says nothing wipes what the call before said."""

    reason: str = ""
    message: str = ""


def may_change(old: str, new: str) -> bool:
    """Whether a task may go from one status to the other without force."""
    return new in TRANSITIONS.get(old, frozenset()) or (old == new and new != "published")


def change_status(
    unit: Unit,
    task: Document,
    new: str,
    text: StatusText = StatusText(),
    *,
    force: bool = False,
    more: Document | None = None,
) -> Document:
    """Give a task (as ``owned_task`` reads it) a new status with the effects of every status call; the fields written.

    ``more`` are further fields to write. Raises 400/110 if the transition is not allowed and not forced, 400/121 if
    somebody else changed the status meanwhile.
    """
    old = task["status"]
    if not force and not may_change(old, new):
        raise bad_status(old, new)
    changes: Document = {
        "status": new,
        "status_reason": text.reason,
        "status_message": text.message,
        "status_changed": unit.now,
        "last_update": unit.now,
        "last_change": unit.now,
        **(more or {}),
    }
    by = unit.identity.user
    written = store.update(unit.session, TASK, task["id"], changes, by=by, expected={"status": old})
    if not written:
        raise ApiError(400, 121, "Task status was changed by another party", id=task["id"], expected=old)
    task.update((name, value) for name, value in changes.items() if "." not in name)
    store.touch_projects(unit.session, [task.get("project")], unit.now)
    if old != new:
        unit.changes.append(StatusChange(task["id"], old, new, text.reason, text.message, unit.identity))
    return {name: value for name, value in written.items() if value is not None}
