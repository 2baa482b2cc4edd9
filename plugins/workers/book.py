"""Who works: registrations and reports of workers.

What a worker says of its task, its queues and its tags is durable when the call is answered. A report that says nothing
new only moves the time at which the worker was last seen; those times are collected and written together every few
seconds, so that idle agents cost no writer. A crash loses at most those seconds, and the next report makes up for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, update
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.background import Delayed
from trackyard.core.entities import QUEUE, Task, Worker, table_of
from trackyard.core.errors import invalid_id
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.store.values import changed_rows, insert_missing
from trackyard.plugins.workers.requests import RegisterRequest, StatusRequest

DELAY = 5.0
"""Seconds for which times of idle workers are collected."""
DEFAULT_TIMEOUT = 600
Row = Any
Key = tuple[str, str]


@dataclass(frozen=True)
class Caller:
    """Who speaks for a worker, and from which address."""

    identity: Identity
    address: str

    @property
    def company(self) -> str:
        """The company that the worker belongs to."""
        return self.identity.company


class WorkerBook:
    """Keeps the workers and when they were last seen."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._seen: dict[Key, datetime] = {}
        self._delayed = Delayed(kernel, "workers seen", DELAY, self._write_seen)

    async def register(self, caller: Caller, request: RegisterRequest) -> None:
        """Note a worker; one of that id is overwritten. Raises 400/701 for an unknown queue."""
        values = {
            "timeout": request.timeout or DEFAULT_TIMEOUT,
            "register_time": clock.now(),
            "queues": request.queues,
            "tags": request.tags,
            "system_tags": request.system_tags,
            "task": None,
            "project": None,
            "queue": None,
        }

        def work(session: Session) -> None:
            known = store.existing(session, QUEUE, request.queues, company=caller.company)
            for queue in request.queues:
                if queue not in known:
                    raise invalid_id("queue", queue)
            _save(session, caller, request.worker, values)

        await self._kernel.metadata.write(work)

    async def unregister(self, company: str, worker: str) -> None:
        """Forget a worker; an unknown one is no error."""
        self._seen.pop((company, worker), None)
        table = table_of(Worker)
        gone = delete(table).where(table.c.company == company, table.c.id == worker)
        await self._kernel.metadata.write(lambda session: changed_rows(session, gone))

    async def report(self, caller: Caller, request: StatusRequest) -> None:
        """Note what a worker does; its task hears of it too. Raises 400/101 for an unknown task, when the rest is kept."""
        moment = clock.now()
        if request.task is None and await self._kernel.metadata.read(lambda session: _nothing_new(session, caller, request)):
            self._seen[caller.company, request.worker] = moment
            self._delayed.ask()
            return
        known = await self._kernel.metadata.write(lambda session: _save_report(session, caller, request, moment))
        if request.task is not None and not known:
            raise invalid_id("task", request.task)

    def last_seen(self, row: Row) -> datetime:
        """When a worker was last seen: what is stored, or what was collected since."""
        stored: datetime = row.last_activity_time
        return max(stored, self._seen.get((row.company, row.id), stored))

    def alive(self, session: Session, company: str, moment: datetime) -> list[tuple[Row, datetime]]:
        """The workers of a company that are not gone, in the order of their registration, each with when it was last seen."""
        table = table_of(Worker)
        rows = session.execute(select(table).where(table.c.company == company).order_by(table.c.num))
        found = [(row, self.last_seen(row)) for row in rows]
        return [(row, seen) for row, seen in found if not is_gone(row, seen, moment)]

    async def forget_gone(self) -> None:
        """Delete the rows of workers that are gone."""
        await self._delayed.now()
        moment = clock.now()
        await self._kernel.metadata.write(lambda session: _delete_gone(session, moment))

    async def close(self) -> None:
        """Write the times that were collected."""
        await self._delayed.now()

    async def _write_seen(self) -> None:
        seen = dict(self._seen)
        if seen:
            await self._kernel.metadata.write(lambda session: _save_seen(session, seen))
            self._seen = {key: moment for key, moment in self._seen.items() if seen.get(key) != moment}


def is_gone(row: Row, seen: datetime, moment: datetime) -> bool:
    """Whether a worker that was last ``seen`` then counts as gone."""
    return bool(seen + timedelta(seconds=row.timeout) <= moment)


def _find(session: Session, company: str, worker: str) -> Row | None:
    return session.execute(_worker(), {"company": company, "worker": worker}).first()


@cache
def _worker() -> Select[Any]:
    """Built once: every report asks for this."""
    table = table_of(Worker)
    return select(table).where(table.c.company == bindparam("company"), table.c.id == bindparam("worker"))


def _nothing_new(session: Session, caller: Caller, request: StatusRequest) -> bool:
    row = _find(session, caller.company, request.worker)
    if row is None or row.last_report_time is None or is_gone(row, row.last_activity_time, clock.now()):
        return False
    same = (row.task, row.queue, row.ip, row.user) == (None, request.queue, caller.address, caller.identity.user)
    lists = ((request.queues, row.queues), (request.tags, row.tags), (request.system_tags, row.system_tags))
    return same and all(new is None or sorted(new) == sorted(old) for new, old in lists)


def _save_report(session: Session, caller: Caller, request: StatusRequest, moment: datetime) -> bool:
    """Store a report; whether its task is known."""
    project = _report_to_task(session, caller, request, moment) if request.task is not None else None
    known = project is not None
    row = _find(session, caller.company, request.worker)
    given = {"queues": request.queues, "tags": request.tags, "system_tags": request.system_tags}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    values |= {"last_report_time": moment, "queue": request.queue}
    values |= {"task": request.task if known else None, "project": project or None}
    if row is not None and is_gone(row, row.last_activity_time, moment):
        values |= {"register_time": moment, "timeout": DEFAULT_TIMEOUT}
    _save(session, caller, request.worker, values)
    return known


def _report_to_task(session: Session, caller: Caller, request: StatusRequest, moment: datetime) -> str | None:
    """Tell a task which worker runs it; its project ("" without one), or None for an unknown task."""
    table = table_of(Task)
    where = (table.c.id == request.task, table.c.company == caller.company)
    found = session.execute(select(table.c.project).where(*where)).first()
    if found is None:
        return None
    values = {"last_worker": request.worker, "last_worker_report": moment, "last_update": moment}
    session.execute(update(table).where(*where).values(values))
    return found[0] or ""


def _save(session: Session, caller: Caller, worker: str, values: dict[str, Any]) -> None:
    table, moment = table_of(Worker), clock.now()
    values = {**values, "user": caller.identity.user, "ip": caller.address, "last_activity_time": moment}
    if _find(session, caller.company, worker) is None:
        first = {
            "id": worker,
            "company": caller.company,
            "key": f"worker_{caller.company}_{caller.identity.user}_{worker}",
            "timeout": DEFAULT_TIMEOUT,
            "register_time": moment,
            "last_activity_time": moment,
            "queues": [],
            "tags": [],
            "system_tags": [],
            "details": {},
        }
        insert_missing(session, table, [first])
    where = (table.c.company == caller.company, table.c.id == worker)
    session.execute(update(table).where(*where).values(values))


def _save_seen(session: Session, seen: dict[Key, datetime]) -> None:
    table = table_of(Worker)
    where = (
        table.c.company == bindparam("of"),
        table.c.id == bindparam("worker"),
        table.c.last_activity_time < bindparam("seen"),
    )
    moved = update(table).where(*where).values(last_activity_time=bindparam("seen"), last_report_time=bindparam("seen"))
    rows = [{"of": company, "worker": worker, "seen": moment} for (company, worker), moment in sorted(seen.items())]
    session.connection().execute(moved, rows)


def _delete_gone(session: Session, moment: datetime) -> None:
    table = table_of(Worker)
    rows = session.execute(select(table.c.num, table.c.last_activity_time, table.c.timeout))
    gone = [row.num for row in rows if is_gone(row, row.last_activity_time, moment)]
    for num in gone:
        session.execute(delete(table).where(table.c.num == num))
