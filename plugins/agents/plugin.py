"""What a services agent asks beside the protocol's own endpoints.

``queues.get_next_task`` followed by ``tasks.started`` leaves a moment in which a task is in no queue and belongs to
nobody; an agent that dies then loses it. ``agents.take`` does both in one unit of work, and ``agents.owned`` tells an
agent that comes back what it owns.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import lifecycle
from trackyard.core.entities import Task, table_of
from trackyard.core.extension import Puller, Scheduler
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity, roles
from trackyard.core.lifecycle import StatusText, Unit
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.store.services import is_service

RUNNERS = roles("system", "root", "admin", "superuser", "user")
"""Who may run agents: as whoever may run them takes tasks of all users, the table ``[access]`` can name fewer."""


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
    """Take a task: it leaves its queue and runs under this worker. ``task`` is absent when there is none for it."""
    puller = Puller(request.worker, call.remote, call.identity)
    schedulers = lifecycle.active_schedulers(call.kernel)
    if not await call.metadata.read(lambda session: _something_waits(session, schedulers, request.queues, puller)):
        return {}
    task = await lifecycle.write(call.kernel, call.identity, lambda unit: _take(unit, request, puller))
    return {} if task is None else {"task": task}


def _something_waits(session: Session, schedulers: list[Scheduler], queues: list[str], puller: Puller) -> bool:
    return any(lifecycle.something_eligible(session, schedulers, queue, puller) for queue in queues)


def _take(unit: Unit, request: TakeRequest, puller: Puller) -> str | None:
    for queue in request.queues:
        while entry := lifecycle.take_next(unit, queue, puller):
            if unit.session.execute(select(table_of(Task).c.num).where(table_of(Task).c.id == entry.task)).first() is None:
                continue  # deleted while it waited
            task = lifecycle.owned_task(unit, entry.task)
            node = node_of(request.worker, entry.task)
            more = {"last_worker": node, "last_worker_report": unit.now, "started": task.get("started") or unit.now}
            lifecycle.change_status(unit, task, "in_progress", StatusText("taken", f"Taken by {node}"), force=True, more=more)
            return entry.task
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
            Endpoint("agents.take", take, TakeRequest, writes=True, permission=RUNNERS),
            Endpoint("agents.owned", owned, OwnedRequest, permission=RUNNERS),
        ]
