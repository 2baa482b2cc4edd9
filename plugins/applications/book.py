"""Which task has an application and where it listens. Everything here is called inside a unit of work."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import TASK, User, Worker, table_of
from trackyard.core.errors import ApiError, bad_status, forbidden
from trackyard.core.identity import Identity, roles
from trackyard.core.store.services import read_value, read_values, write_values
from trackyard.plugins.applications.tickets import Ticket

SCOPE = "applications"
KEY_SCOPE = "applications-key"
TASK_TYPE = "application"
VISITORS = roles("system", "root", "admin", "superuser", "user")
"""An application acts for whoever sees it, so that roles that may only read may not open one."""
FIELDS = ("id", "user", "name", "status", "status_message", "type", "last_worker", "execution")
Record = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """The application of a task: the task's document, and what was registered of it."""

    task: dict[str, Any]
    record: Record

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port; None while the task does not run or has not registered."""
        is_there = self.task["status"] == "in_progress" and self.record.get("host")
        return (self.record["host"], self.record["port"]) if is_there else None


def signing_key(session: Session) -> str:
    """The key of tickets, which all servers of a database share; made once."""
    key = read_value(session, KEY_SCOPE, "key")
    if key is None:
        key = secrets.token_hex(32)
        write_values(session, KEY_SCOPE, {"key": key})
    return str(key)


def require_speaker(session: Session, identity: Identity, task_id: str) -> None:
    """Raises `ApiError` unless the task runs and the caller is its owner or has the key of the agent that runs it."""
    task = store.require_own(session, TASK, task_id, company=identity.company, fields=FIELDS)
    if task["status"] != "in_progress":
        raise bad_status(task["status"], "in_progress", task=task_id)
    if identity.user not in {task["user"], *_users_of_worker(session, identity.company, task_id, task.get("last_worker") or "")}:
        raise forbidden(20, "Only the task's owner and the agent that runs it may register its application", task=task_id)


def _users_of_worker(session: Session, company: str, task: str, worker: str) -> set[str]:
    """Who runs the worker, or the agent whose worker it is: a container is the worker ``<agent>:<task>``."""
    table = table_of(Worker)
    names = (worker, worker.removesuffix(f":{task}"))
    query = select(table.c.user).where(table.c.company == company, table.c.id.in_(names), table.c.user.is_not(None))
    return set(session.execute(query).scalars())


def register(session: Session, identity: Identity, task: str, record: Record) -> None:
    """Note where the application of a task listens."""
    require_speaker(session, identity, task)
    write_values(session, SCOPE, {task: {**record, "seen": clock.iso(clock.now())}})


def forget_address(session: Session, task: str) -> None:
    """The run has ended: the address may be another program's by now. What else is known of it stays for the next run."""
    record = read_value(session, SCOPE, task)
    if record is not None and record.get("host"):
        write_values(session, SCOPE, {task: {**record, "host": ""}})


def find(session: Session, task: str, identity: Identity) -> Found:
    """The application of a task, for somebody who may see it; raises `ApiError` 400/101 and 403."""
    document = store.require(session, TASK, task, company=identity.company, fields=FIELDS)
    record = read_value(session, SCOPE, task)
    if record is None and document["type"] != TASK_TYPE:
        raise ApiError(400, 101, "This task is no application", id=task)
    found = Found(document, record or {})
    if found.record.get("only_owner") and identity.user != document["user"] and not identity.is_admin:
        raise forbidden(20, "This application is for its owner", task=task)
    return found


def find_for_ticket(session: Session, ticket: Ticket) -> Found:
    """As `find`, for the user of a ticket, who may have been disabled or logged out everywhere meanwhile."""
    table = table_of(User)
    row = session.execute(select(table).where(table.c.id == ticket.user, table.c.disabled.is_(False))).first()
    if row is None or (row.sessions_from is not None and ticket.issued < clock.epoch_ms(row.sessions_from)):
        raise forbidden(20, "This page is no longer good: open the application again", task=ticket.task)
    visitor = Identity(row.id, row.name, row.role, row.company)
    if not VISITORS.allows(visitor):
        raise forbidden(20, "Your role may not open applications", role=row.role)
    return find(session, ticket.task, visitor)


def listed(session: Session, identity: Identity) -> list[Found]:
    """Every application that the caller may open and that was registered before."""
    found = []
    for task in sorted(read_values(session, SCOPE)):
        try:
            found.append(find(session, task, identity))
        except ApiError:
            continue  # deleted, of another company, or its owner's
    return found


def note_seen(session: Session, seen: dict[str, datetime]) -> None:
    """Note when applications were last asked for something."""
    for task, moment in seen.items():
        record = read_value(session, SCOPE, task)
        if record is not None and record["seen"] < clock.iso(moment):
            write_values(session, SCOPE, {task: {**record, "seen": clock.iso(moment)}})


def idle_since(session: Session, moment: datetime) -> list[tuple[str, str]]:
    """The running applications (task and company) that nobody asked for anything since a moment."""
    idle = []
    for task, record in sorted(read_values(session, SCOPE).items()):
        document = store.get(session, TASK, task, fields=("status", "company")) if record.get("host") else None
        if document is not None and document["status"] == "in_progress" and record["seen"] < clock.iso(moment):
            idle.append((task, document["company"]))
    return idle


def forget_deleted(session: Session) -> None:
    """Remove what is kept of tasks that are gone."""
    known = set(read_values(session, SCOPE))
    there = store.existing(session, TASK, known)
    write_values(session, SCOPE, dict.fromkeys(sorted(known - there)))
