"""What a services agent asks beside the protocol's own endpoints.

``queues.get_next_task`` followed by ``tasks.started`` leaves a moment in which a task is in no queue and belongs to
nobody; an agent that dies then loses it. ``agents.take`` does both in one unit of work, and ``agents.owned`` tells an
agent that comes back what it owns.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlmodel import Session
from trackyard.core import lifecycle
from trackyard.core.entities import QueueEntry, Task, table_of
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.lifecycle import StatusText, Unit
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.store.services import is_service


class TakeRequest(msgspec.Struct, kw_only=True):
    """Take the first task of the first queue that has one, for a worker (``host:services``)."""

    worker: str
    queues: list[str]


class OwnedRequest(msgspec.Struct, kw_only=True):
    """Tell what the tasks of a worker are."""

    worker: str


def node_of(worker: str, task: str) -> str:
    """The name under which a task's container is a worker of its own."""
    return f"{worker}:{task}"


async def take(call: Call, request: TakeRequest) -> dict[str, Any]:
    """Take a task: it leaves its queue and runs under this worker. ``task`` is absent when all queues are empty."""
    if not await call.metadata.read(lambda session: _first(session, request.queues, lock=False)):
        return {}
    task = await lifecycle.write(call.kernel, call.identity, lambda unit: _take(unit, request))
    return {} if task is None else {"task": task}


def _first(session: Session, queues: list[str], *, lock: bool) -> str | None:
    table = table_of(QueueEntry)
    for queue in queues:
        mine = (table.c.queue == queue, ~is_service(table.c.task))
        query = select(table.c.task).where(*mine).order_by(table.c.position, table.c.num).limit(1)
        # a unit that reads may lock nothing
        found = session.execute(query.with_for_update(skip_locked=True) if lock else query).scalar()
        if found is not None:
            return str(found)
    return None


def _take(unit: Unit, request: TakeRequest) -> str | None:
    while (task_id := _first(unit.session, request.queues, lock=True)) is not None:
        table = table_of(QueueEntry)
        unit.session.execute(delete(table).where(table.c.task == task_id))
        if unit.session.execute(select(table_of(Task).c.num).where(table_of(Task).c.id == task_id)).first() is None:
            continue  # deleted while it waited
        task = lifecycle.owned_task(unit, task_id)
        node = node_of(request.worker, task_id)
        more = {"last_worker": node, "last_worker_report": unit.now, "started": task.get("started") or unit.now}
        lifecycle.change_status(unit, task, "in_progress", StatusText("taken", f"Taken by {node}"), force=True, more=more)
        return task_id
    return None


async def owned(call: Call, request: OwnedRequest) -> dict[str, Any]:
    """The running tasks that belong to this worker."""
    return {"tasks": await call.metadata.read(lambda session: _owned(session, request.worker, call.identity))}


def _owned(session: Session, worker: str, identity: Identity) -> list[str]:
    table = table_of(Task)
    mine = table.c.last_worker.startswith(f"{worker}:", autoescape=True)
    query = select(table.c.id).where(
        table.c.company == identity.company, table.c.status == "in_progress", mine, ~is_service(table.c.id)
    )
    return [str(found) for found in session.execute(query.order_by(table.c.num)).scalars()]


class AgentsPlugin(Plugin):
    """The service ``agents``."""

    name = "agents"
    summary = "What services agents ask: take tasks and tell which are owned"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """Two endpoints of our own."""
        return [
            Endpoint("agents.take", take, TakeRequest, writes=True),
            Endpoint("agents.owned", owned, OwnedRequest),
        ]
