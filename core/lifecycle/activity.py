"""Signs of life of a task: pings, events and reports of its worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session
from trackyard.core.entities import Task, table_of


def active_seconds(started: datetime | None, moment: datetime) -> int | None:
    """Whole seconds that a task has been active at ``moment``; None if it never started."""
    return None if started is None else max(0, int((moment - started).total_seconds()))


def mark_alive(session: Session, task_id: str, moment: datetime, company: str) -> bool:
    """Note that a task lives: ``last_update`` and, while it runs, ``active_duration``. False for an unknown task."""
    table = table_of(Task)
    row = session.execute(
        select(table.c.num, table.c.status, table.c.started).where(table.c.id == task_id, table.c.company == company)
    ).first()
    if row is None:
        return False
    values: dict[str, object] = {"last_update": moment}
    if row.status == "in_progress":
        values["active_duration"] = active_seconds(row.started, moment)
    session.execute(update(table).where(table.c.num == row.num).values(values))
    return True
