"""Give out the tasks that wait in queues, in the order that schedulers decide."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import TASK, Queue, table_of
from trackyard.core.extension import Puller, Scheduler
from trackyard.core.lifecycle.unit import Unit


def take_next(unit: Unit, queue: str, puller: Puller) -> store.Entry | None:
    """Take the task out of a queue that this agent is to get; None when there is none for it.

    Two units of work that run at once never get the same task. With schedulers they run one after the other, so that what
    one gives out is counted by the next; when a task was given out is then kept in its ``last_worker_report``.
    """
    if not unit.schedulers:
        return store.take_first(unit.session, queue)
    _one_at_a_time(unit)
    for task in eligible(unit.session, unit.schedulers, queue, puller):
        entry = store.take_first(unit.session, queue, task)
        if entry is not None:
            store.update(unit.session, TASK, task, {"last_worker_report": unit.now})
            return entry
    return None


def eligible(session: Session, schedulers: Sequence[Scheduler], queue: str, puller: Puller) -> list[str]:
    """The waiting tasks of a queue that this agent may get now, best first."""
    tasks = store.waiting_for_agents(session, queue)
    for scheduler in schedulers:
        tasks = scheduler.eligible(session, queue, tasks, puller) if tasks else []
    return tasks


def something_eligible(session: Session, schedulers: Sequence[Scheduler], queue: str, puller: Puller) -> bool:
    """Whether a queue has a task for this agent: asked before a writer is taken, as agents ask again and again."""
    if schedulers:
        return bool(eligible(session, schedulers, queue, puller))
    return bool(store.waiting_for_agents(session, queue, 1))


def _one_at_a_time(unit: Unit) -> None:
    """Wait until no other server gives out tasks of the company (a database with one writer needs no lock)."""
    table = table_of(Queue)
    query = select(table.c.num).where(table.c.company == unit.identity.company).order_by(table.c.num)
    unit.session.execute(query.with_for_update()).all()
