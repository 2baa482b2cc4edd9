"""Tasks in queues: who waits where, and the statuses that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Text, delete, func, select, type_coerce, update
from trackyard.core import store
from trackyard.core.entities import QUEUE, Queue, QueueEntry, Worker, table_of
from trackyard.core.entities.columns import TAG_MARK
from trackyard.core.errors import ApiError, bad_status
from trackyard.core.lifecycle.statuses import StatusText, change_status
from trackyard.core.lifecycle.unit import Unit
from trackyard.core.store import Document

DEFAULT_TAG = "default"
SHORTEST_NAME = 3


@dataclass(frozen=True)
class Enqueued:
    """What an enqueue did: the fields of the task that were written, the queue, and warnings of listeners."""

    fields: Document
    queue: str
    warnings: list[str] = field(default_factory=list)


def require_queue(unit: Unit, queue_id: str) -> str:
    """The id itself if there is such a queue, else 400/701."""
    found = store.require(unit.session, QUEUE, queue_id, company=unit.identity.company, fields=("id",))
    return str(found["id"])


def queue_by_name(unit: Unit, name: str) -> str:
    """The id of the queue of that name; it is created if there is none."""
    table = table_of(Queue)
    own = table.c.company.in_([unit.identity.company, ""])
    found = unit.session.execute(select(table.c.id).where(table.c.name == name, own).order_by(table.c.num)).scalar()
    return str(found) if found is not None else _create(unit, name, [])


def default_queue(unit: Unit) -> str:
    """The id of the queue tagged ``default``; without one the queue named ``default`` is created or tagged."""
    table = table_of(Queue)
    tagged = type_coerce(table.c.system_tags, Text).contains(f"{TAG_MARK}{DEFAULT_TAG}{TAG_MARK}", autoescape=True)
    own = table.c.company == unit.identity.company
    found = list(unit.session.execute(select(table.c.id).where(own, tagged)).scalars())
    if len(found) > 1:
        raise ApiError(400, 708, "Several default queues", queues=", ".join(sorted(found)))
    if found:
        return str(found[0])
    named = unit.session.execute(select(table.c.id, table.c.system_tags).where(own, table.c.name == DEFAULT_TAG)).first()
    if named is None:
        return _create(unit, DEFAULT_TAG, [DEFAULT_TAG])
    store.update(unit.session, QUEUE, named[0], {"system_tags": [*named[1], DEFAULT_TAG]})
    return str(named[0])


def _create(unit: Unit, name: str, system_tags: list[str]) -> str:
    if len(name.strip()) < SHORTEST_NAME:
        raise ApiError(400, 800, "Value is too short", field="name", value=name, shortest=SHORTEST_NAME)
    by = unit.identity
    document = {"name": name.strip(), "company": by.company, "user": by.user, "system_tags": system_tags}
    return store.insert(unit.session, QUEUE, document, by=by.user)


def add_entry(unit: Unit, queue_id: str, task_id: str) -> list[str]:
    """Put a task at the end of a queue; 400/706 if it waits there already.

    Listeners may refuse; their warnings are given back.
    """
    table = table_of(QueueEntry)
    here = table.c.queue == queue_id
    if unit.session.execute(select(table.c.num).where(here, table.c.task == task_id)).first():
        raise ApiError(400, 706, "Task already queued", task=task_id, queue=queue_id)
    warnings = _ask_listeners(unit, task_id, queue_id)
    last = unit.session.execute(select(func.max(table.c.position)).where(here)).scalar()
    position = 0 if last is None else last + 1
    unit.session.execute(table.insert().values(queue=queue_id, task=task_id, added=unit.now, position=position))
    _touch(unit, [queue_id])
    return warnings


def leave_queues(unit: Unit, task_id: str, except_for: str | None = None) -> list[str]:
    """Take a task out of all queues (but one); the queues it left."""
    table = table_of(QueueEntry)
    left = [queue for queue in _waits_in(unit, task_id) if queue != except_for]
    if left:
        unit.session.execute(delete(table).where(table.c.task == task_id, table.c.queue.in_(left)))
        _touch(unit, left)
    return left


def _waits_in(unit: Unit, task_id: str) -> list[str]:
    table = table_of(QueueEntry)
    return list(unit.session.execute(select(table.c.queue).where(table.c.task == task_id)).scalars())


def _touch(unit: Unit, queue_ids: list[str]) -> None:
    table = table_of(Queue)
    unit.session.execute(update(table).where(table.c.id.in_(queue_ids)).values(last_update=unit.now))


def is_watched(unit: Unit, queue_id: str) -> bool:
    """Whether a live worker listens to the queue."""
    table = table_of(Worker)
    query = select(table.c.queues, table.c.last_activity_time, table.c.timeout)
    workers = unit.session.execute(query.where(table.c.company == unit.identity.company))
    return any(queue_id in queues and unit.now - seen <= timedelta(seconds=limit) for queues, seen, limit in workers)


def enqueue(
    unit: Unit,
    task: Document,
    queue_id: str,
    text: StatusText = StatusText(),
    *,
    force: bool = False,
    keep_execution_queue: bool = False,
) -> Enqueued:
    """Put a task (as ``owned_task`` reads it) into a queue; a task that waits elsewhere is moved.

    Listeners may refuse or warn. Raises 400/706 if the task waits in this queue already, 400/110 if its status does not
    allow it. The status before is kept in ``enqueue_status``; the tag ``development`` goes, as the task no longer runs
    beside its user.
    """
    moved = task["status"] == "queued"
    if not moved and not force and task["status"] not in ("created", "stopped", "failed"):
        raise bad_status(task["status"], "queued")
    if not moved or queue_id not in _waits_in(unit, task["id"]):
        leave_queues(unit, task["id"])
    warnings = add_entry(unit, queue_id, task["id"])
    more: Document = {} if moved else {"enqueue_status": task["status"]}
    if "development" in task["system_tags"]:
        more["system_tags"] = [tag for tag in task["system_tags"] if tag != "development"]
    if not keep_execution_queue:
        more["execution.queue"] = queue_id
    return Enqueued(change_status(unit, task, "queued", text, force=True, more=more), queue_id, warnings)


def _ask_listeners(unit: Unit, task_id: str, queue_id: str) -> list[str]:
    warnings: list[str] = []
    for name, listener in unit.listeners:
        try:
            warnings += listener.before_enqueue(unit.session, task_id, queue_id, unit.identity)
        except ApiError:
            raise
        except Exception as error:  # a rule that can't be asked must not be passed by
            raise ApiError(500, 1, "Enqueue refused because a plugin failed", plugin=name, error=type(error).__name__) from error
    return warnings


def dequeue(
    unit: Unit,
    task: Document,
    text: StatusText = StatusText(),
    *,
    new_status: str | None = None,
) -> Document:
    """Take a task out of its queues and put its status back (or to ``new_status``); the fields written.

    ``{}`` if the task was not queued, which is no error: agents always call it.
    """
    leave_queues(unit, task["id"])
    if task["status"] != "queued":
        return {}
    new = new_status or task.get("enqueue_status") or "created"
    return change_status(unit, task, new, text, force=new_status is None, more={"enqueue_status": None})
