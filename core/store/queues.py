"""Queues and their entries: make and name queues, pull, take out and move what waits. Runs inside a unit of work.

Nothing here looks at the tasks themselves; what goes with their status is in ``core.lifecycle``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.queue import QUEUE, Queue, QueueEntry
from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.store.documents import Document
from trackyard.core.store.documents import insert as insert_document
from trackyard.core.store.projects import checked_name
from trackyard.core.store.services import is_service
from trackyard.core.store.values import chunks


@dataclass(frozen=True)
class Entry:
    """A task that waits in a queue, and since when."""

    queue: str
    task: str
    added: datetime


def take_tasks(session: Session, queue: str, tasks: Iterable[str]) -> list[Entry]:
    """Take tasks out of a queue; give back the entries that were there."""
    table = table_of(QueueEntry)
    found: list[Entry] = []
    for part in chunks(sorted(set(tasks))):
        gone = delete(table).where(table.c.queue == queue, table.c.task.in_(part))
        found += map(_entry, session.execute(gone.returning(table.c.queue, table.c.task, table.c.added)))
    touch_queues(session, {entry.queue for entry in found})
    return found


def take_first(session: Session, queue: str, only: str | None = None) -> Entry | None:
    """Take the first task for an agent (or the task ``only``, wherever it waits) out of a queue; None when there is none.

    Two units of work that run at once never get the same task.
    """
    table = table_of(QueueEntry)
    order = (table.c.position, table.c.num)
    first = select(table.c.num).where(table.c.queue == queue).order_by(*order).limit(1)
    first = first.where(~is_service(table.c.task) if only is None else table.c.task == only)
    num = session.execute(first.with_for_update(skip_locked=True)).scalar()
    if num is None:
        return None
    gone = delete(table).where(table.c.num == num).returning(table.c.queue, table.c.task, table.c.added)
    taken = session.execute(gone).first()
    if taken is not None:
        touch_queues(session, [queue])
    return _entry(taken) if taken is not None else None


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.queue, row.task, row.added)


def waiting_for_agents(session: Session, queue: str, limit: int | None = None) -> list[str]:
    """The tasks of a queue that an agent may take, in their order, at most ``limit``."""
    table = table_of(QueueEntry)
    query = select(table.c.task).where(table.c.queue == queue, ~is_service(table.c.task))
    return list(session.execute(query.order_by(table.c.position, table.c.num).limit(limit)).scalars())


def waiting(session: Session, queue: str, limit: int | None = None) -> list[Entry]:
    """The entries of a queue in the order in which they will be pulled, at most ``limit``."""
    table = table_of(QueueEntry)
    query = select(table.c.queue, table.c.task, table.c.added).where(table.c.queue == queue)
    return [_entry(row) for row in session.execute(query.order_by(table.c.position, table.c.num).limit(limit))]


def count_waiting(session: Session, queues: Sequence[str]) -> dict[str, int]:
    """How many tasks wait in each of the queues; those that are empty are left out."""
    table = table_of(QueueEntry)
    found: dict[str, int] = {}
    for part in chunks(sorted(set(queues))):
        query = select(table.c.queue, func.count()).where(table.c.queue.in_(part)).group_by(table.c.queue)
        found.update((queue, count) for queue, count in session.execute(query))
    return found


def place_task(session: Session, queue: str, task: str, place: int, *, relative: bool = False) -> int:
    """Move a waiting task to a place in its queue (0 is first, -1 last; ``relative``: so many places further back).

    Gives back the place it has then. Raises 400/703 when it does not wait in the queue.
    """
    table = table_of(QueueEntry)
    query = select(table.c.num, table.c.task, table.c.position).where(table.c.queue == queue)
    rows = list(session.execute(query.order_by(table.c.position, table.c.num)))
    old = next((index for index, row in enumerate(rows) if row.task == task), None)
    if old is None:
        raise ApiError(400, 703, "Task not in queue", task=task, queue=queue)
    wanted = old + place if relative else place % len(rows)
    new = min(max(wanted, 0), len(rows) - 1)
    places = {row.num: row.position for row in rows}
    rows.insert(new, rows.pop(old))
    changed = _positions([row.num for row in rows], places, new)
    for num, position in changed.items():
        session.execute(update(table).where(table.c.num == num).values(position=position))
    touch_queues(session, [queue])
    return new


def _positions(order: list[int], old: dict[int, int], moved: int) -> dict[int, int]:
    """New positions, by row, that bring rows into ``order`` after one of them was moved to the index ``moved``."""
    if moved == 0:
        return {order[0]: min(old.values()) - 1}
    if moved == len(order) - 1:
        return {order[-1]: max(old.values()) + 1}
    ranks = sorted(old.values())
    if len(set(ranks)) < len(ranks):
        ranks = list(range(len(ranks)))
    return {num: rank for num, rank in zip(order, ranks, strict=True) if old[num] != rank}


def touch_queues(session: Session, queues: Iterable[str]) -> None:
    """Move ``last_update`` of queues: their entries changed."""
    table = table_of(Queue)
    found = sorted(set(queues))
    if found:
        session.execute(update(table).where(table.c.id.in_(found)).values(last_update=clock.now()))


def queue_named(session: Session, company: str, name: str) -> str | None:
    """The id of the company's queue of exactly that name."""
    table = table_of(Queue)
    found: str | None = session.execute(select(table.c.id).where(table.c.company == company, table.c.name == name)).scalar()
    return found


def create_queue(session: Session, identity: Identity, name: str, values: Document | None = None) -> str:
    """A new queue; raises 400/800 for a name of less than three characters and 400/801 for one that is taken."""
    cleaned = checked_name(name, "queue")
    if queue_named(session, identity.company, cleaned):
        raise _taken(cleaned)
    document = {**(values or {}), "company": identity.company, "user": identity.user, "name": cleaned}
    return insert_document(session, QUEUE, document)


def free_queue_name(session: Session, identity: Identity, queue: str, name: str) -> str:
    """The name, cleaned, if the queue may take it; raises 400/800 and 400/801 as `create_queue`."""
    cleaned = checked_name(name, "queue")
    if queue_named(session, identity.company, cleaned) not in (None, queue):
        raise _taken(cleaned)
    return cleaned


def _taken(name: str) -> ApiError:
    return ApiError(400, 801, "Value combination already exists (unique field already contains this value)", name=name)
