"""Signs of life of a task: pings, events and reports of its worker."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import BigInteger, Update, and_, bindparam, case, type_coerce, update
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities import Task, table_of
from trackyard.core.store.values import changed_rows


def active_seconds(started: datetime | None, moment: datetime) -> int | None:
    """Whole seconds that a task has been active at ``moment``; None if it never started."""
    return None if started is None else max(0, int((moment - started).total_seconds()))


def mark_alive(session: Session, task_id: str, moment: datetime, company: str) -> bool:
    """Note that a task lives: ``last_update`` and, while it runs, ``active_duration``. False for an unknown task."""
    values = {"moment": moment, "ms": clock.epoch_ms(moment), "task": task_id, "owner": company}
    return changed_rows(session, _alive(), values) > 0


@cache
def _alive() -> Update:
    """The statement; built once, because every running task pings twice a minute."""
    table = table_of(Task)
    began = type_coerce(table.c.started, BigInteger)
    lived = (bindparam("ms", type_=BigInteger) - began) // 1000
    duration = case((and_(table.c.status == "in_progress", began <= bindparam("ms")), lived), else_=table.c.active_duration)
    known = (table.c.id == bindparam("task"), table.c.company == bindparam("owner"))
    return update(table).where(*known).values(last_update=bindparam("moment"), active_duration=duration)
