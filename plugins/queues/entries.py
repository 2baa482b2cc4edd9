"""The tasks that wait in queues: add, remove, move, pull."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, exists, or_, select
from sqlmodel import Session
from trackyard.core import lifecycle, store
from trackyard.core.entities import QUEUE, TASK, Queue, QueueEntry, table_of
from trackyard.core.errors import invalid_id
from trackyard.core.extension import Puller
from trackyard.core.lifecycle import STATUS_FIELDS, StatusText, Unit
from trackyard.core.protocol.endpoint import Call, Empty
from trackyard.core.store import Document
from trackyard.plugins.queues import changes
from trackyard.plugins.queues.requests import (
    AddTaskRequest,
    NextTaskRequest,
    PlaceRequest,
    QueueRequest,
    RemoveTaskRequest,
    ShiftRequest,
)

T = TypeVar("T")


class Entries:
    """Handlers that change which tasks wait where; ``changed`` is called after each change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    async def add_task(self, call: Call, request: AddTaskRequest) -> Document:
        """Put a task at the end of a queue, out of any other; its status stays as it is."""

        def work(unit: Unit) -> Document:
            changes.require_own(unit.session, call, request.queue)
            task = lifecycle.owned_task(unit, request.task)
            lifecycle.leave_queues(unit, task["id"], except_for=request.queue)
            lifecycle.add_entry(unit, request.queue, task["id"])
            if request.update_execution_queue:
                store.update(unit.session, TASK, task["id"], {"execution.queue": request.queue}, by=call.identity.user)
            return {"added": 1}

        return await self._write(call, work)

    async def remove_task(self, call: Call, request: RemoveTaskRequest) -> Document:
        """Take a task out of a queue; one that does not wait there is no error (agents clean up without looking)."""

        def work(unit: Unit) -> Document:
            changes.require_own(unit.session, call, request.queue)
            removed = len(store.take_tasks(unit.session, request.queue, [request.task]))
            if not removed:
                lifecycle.owned_task(unit, request.task)
            if removed and request.update_task_status:
                changes.put_back(unit, request.task, StatusText())
            return {"removed": removed}

        return await self._write(call, work)

    async def clear_queue(self, call: Call, request: QueueRequest) -> Document:
        """Take every task out of a queue and put its status back."""

        def work(unit: Unit) -> Document:
            changes.require_own(unit.session, call, request.queue)
            return {"removed_tasks": changes.empty(unit, request.queue, StatusText())}

        return await self._write(call, work)

    async def get_next_task(self, call: Call, request: NextTaskRequest) -> Document:
        """Take the first task out of a queue; ``{}`` when nothing waits. A task is given to one caller only."""
        puller = Puller(call.worker, call.remote, call.identity)
        schedulers = [] if request.task else lifecycle.active_schedulers(call.kernel)

        def for_caller(session: Session) -> bool:
            if not something_waits(session, call.identity.company, request.queue):
                return False
            return not schedulers or lifecycle.something_eligible(session, schedulers, request.queue, puller)

        if not await call.metadata.read(for_caller):
            return {}  # agents ask again and again: a queue with nothing for them costs no writer
        pulled = await self._write(call, lambda unit: _pull(unit, request, puller))
        if pulled is None:
            return {}
        entry, task = pulled
        answer: Document = {"entry": {"task": entry.task, "added": entry.added}}
        if request.get_task_info:
            answer["task_info"] = {"company": task["company"], "user": task.get("user")}
        return answer

    async def move_task_to_front(self, call: Call, request: PlaceRequest) -> Document:
        """Move a task to the front of its queue."""
        return await self._place(call, request, 0)

    async def move_task_to_back(self, call: Call, request: PlaceRequest) -> Document:
        """Move a task to the end of its queue."""
        return await self._place(call, request, -1)

    async def move_task_forward(self, call: Call, request: ShiftRequest) -> Document:
        """Move a task some places towards the front of its queue."""
        return await self._place(call, request, -request.count, relative=True)

    async def move_task_backward(self, call: Call, request: ShiftRequest) -> Document:
        """Move a task some places towards the end of its queue (a negative count: towards the front)."""
        return await self._place(call, request, request.count, relative=True)

    async def _place(self, call: Call, request: PlaceRequest, place: int, *, relative: bool = False) -> Document:
        def work(session: Session) -> Document:
            changes.require_own(session, call, request.queue)
            store.require(session, TASK, request.task, company=call.identity.company, fields=())
            return {"position": store.place_task(session, request.queue, request.task, place, relative=relative)}

        return await call.metadata.write(work)

    async def _write(self, call: Call, work: Callable[[Unit], T]) -> T:
        answer = await lifecycle.write(call.kernel, call.identity, work)
        self._changed()
        return answer


def something_waits(session: Session, company: str, queue: str) -> bool:
    """Whether the queue has an entry; raises 400/701 for an unknown queue."""
    row = session.execute(_waits(), {"queue": queue, "company": company}).first()
    if row is None:
        raise invalid_id("queue", queue)
    return bool(row[0])


@cache
def _waits() -> Select[Any]:
    """Built once: this is what agents ask again and again."""
    table, entry = table_of(Queue), table_of(QueueEntry)
    waits = exists(select(entry.c.num).where(entry.c.queue == table.c.id))
    own = or_(table.c.company == bindparam("company"), table.c.company == "")
    return select(waits).where(table.c.id == bindparam("queue"), own)


def _take(unit: Unit, request: NextTaskRequest, puller: Puller) -> store.Entry | None:
    if request.task:
        return store.take_first(unit.session, request.queue, request.task)
    return lifecycle.take_next(unit, request.queue, puller)


def _pull(unit: Unit, request: NextTaskRequest, puller: Puller) -> tuple[store.Entry, Document] | None:
    while entry := _take(unit, request, puller):
        task = store.get(unit.session, TASK, entry.task, company=unit.identity.company, fields=STATUS_FIELDS)
        if task is None:
            continue  # nobody could run a task that is gone
        if task["status"] == "stopped":
            lifecycle.change_status(unit, task, "queued", force=True)
        return entry, task
    return None


async def peek_task(call: Call, request: QueueRequest) -> Document:
    """The first task of a queue, which stays there."""

    def work(session: Session) -> Document:
        store.require(session, QUEUE, request.queue, company=call.identity.company, fields=())
        first = store.waiting(session, request.queue, 1)
        return {"task": first[0].task} if first else {}

    return await call.metadata.read(work)


async def get_num_entries(call: Call, request: QueueRequest) -> Document:
    """How many tasks wait in a queue."""

    def work(session: Session) -> Document:
        store.require(session, QUEUE, request.queue, company=call.identity.company, fields=())
        return {"num": store.count_waiting(session, [request.queue]).get(request.queue, 0)}

    return await call.metadata.read(work)


async def get_default(call: Call, request: Empty) -> Document:
    """The queue that takes tasks which name none; it is made when there is none."""

    def work(unit: Unit) -> Document:
        return store.require(unit.session, QUEUE, lifecycle.default_queue(unit), fields=("id", "name"))

    return await lifecycle.write(call.kernel, call.identity, work)
