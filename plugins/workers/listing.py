"""Lists of workers, with the names of what they work on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import Project, Queue, Task, User, table_of
from trackyard.core.identity import Identity
from trackyard.core.store import Document
from trackyard.core.store.values import chunks
from trackyard.plugins.workers.book import Row, WorkerBook
from trackyard.plugins.workers.requests import FilterRequest

Found = list[tuple[Row, datetime]]


def select_workers(session: Session, book: WorkerBook, company: str, request: FilterRequest) -> Found:
    """The workers that a request asks for, each with the time at which it was last seen."""
    moment = clock.now()
    oldest = moment - timedelta(seconds=request.last_seen) if request.last_seen > 0 else None
    return [
        (row, seen)
        for row, seen in book.alive(session, company, moment)
        if (oldest is None or seen >= oldest)
        and has_tags(row.tags, request.tags)
        and has_tags(row.system_tags, request.system_tags)
        and (not request.worker_pattern or fnmatchcase(row.id, request.worker_pattern))
    ]


def has_tags(tags: list[str], wanted: list[str]) -> bool:
    """Whether ``tags`` has one of the wanted ones (if any), and none of those that are wanted away (``-tag``)."""
    refused = {tag[1:] for tag in wanted if tag.startswith("-")}
    asked = {tag for tag in wanted if not tag.startswith("-")}
    return refused.isdisjoint(tags) and (not asked or not asked.isdisjoint(tags))


def describe(session: Session, found: Found, identity: Identity) -> list[Document]:
    """The documents of workers, with the names of their user, task, project and queues."""
    names = _Names(session, [row for row, _ in found])
    return [_document(row, seen, names, identity) for row, seen in found]


class _Names:
    """What the documents of some workers tell of other objects, read with few statements."""

    def __init__(self, session: Session, rows: list[Row]) -> None:
        self.moment = clock.now()
        self.users = _read(session, table_of(User), {row.user for row in rows}, "name")
        tasks = {row.task for row in rows}
        self.tasks = _read(session, table_of(Task), tasks, "name", "started", "last_iteration", "active_duration")
        self.projects = _read(session, table_of(Project), {row.project for row in rows}, "name")
        queues = {queue for row in rows for queue in row.queues} | {row.queue for row in rows}
        self.queues = _read(session, table_of(Queue), queues, "name", "display_name")
        self.waiting = store.count_waiting(session, list(self.queues))
        self.next = {queue: store.waiting(session, queue, 1)[0].task for queue in self.waiting}
        self.tasks |= _read(session, table_of(Task), set(self.next.values()) - self.tasks.keys(), "name")

    def queue(self, queue: str) -> Document:
        """A queue with how many tasks wait in it and which is next."""
        row = self.queues[queue]
        told: Document = {"id": queue, "name": row.name, "num_tasks": self.waiting.get(queue, 0)}
        if row.display_name:
            told["display_name"] = row.display_name
        if queue in self.next and self.next[queue] in self.tasks:
            told["next_task"] = {"id": self.next[queue], "name": self.tasks[self.next[queue]].name}
        return told

    def task(self, task: str) -> Document:
        """A task that runs, with how long it has run (ms)."""
        row = self.tasks[task]
        running = max(0, int((self.moment - row.started).total_seconds() * 1000)) if row.started else 0
        return {"id": task, "name": row.name, "running_time": running, "last_iteration": row.last_iteration or 0}


def _read(session: Session, table: Table, ids: Iterable[str | None], *columns: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in chunks(sorted({one for one in ids if one})):
        query = select(table.c.id, *(table.c[column] for column in columns)).where(table.c.id.in_(part))
        found.update((row.id, row) for row in session.execute(query))
    return found


def _document(row: Row, seen: datetime, names: _Names, identity: Identity) -> Document:
    user = names.users.get(row.user)
    told: Document = {
        "id": row.id,
        "key": row.key,
        "ip": row.ip,
        "company": {"id": row.company, "name": identity.company_name},
        "user": {"id": row.user, "name": user.name if user else row.user},
        "tags": row.tags,
        "system_tags": row.system_tags,
        "register_time": row.register_time,
        "register_timeout": row.timeout,
        "last_activity_time": seen,
        "queues": [names.queue(queue) for queue in row.queues if queue in names.queues],
    }
    if row.last_report_time is not None:
        told["last_report_time"] = max(row.last_report_time, seen)
    if row.queue in names.queues:
        told["queue"] = names.queue(row.queue)
    if row.task in names.tasks:
        told["task"] = names.task(row.task)
    if row.project in names.projects:
        told["project"] = {"id": row.project, "name": names.projects[row.project].name}
    return told
