"""Read queues."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import clock, query, store
from trackyard.core.entities import QUEUE, Task, Worker, table_of
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.queues.requests import GetAllRequest, GetByIdRequest


async def get_by_id(call: Call, request: GetByIdRequest) -> Document:
    """A queue with the tasks that wait in it, in their order."""

    def work(session: Session) -> Document:
        queue = store.require(session, QUEUE, request.queue, company=call.identity.company)
        return {"queue": limit_entries(queue, request.max_task_entries)}

    return await call.metadata.read(work)


async def get_all(call: Call, request: GetAllRequest) -> Document:
    """Queues that match."""
    result = await query.page(call.metadata, query.QUEUES, visible(call.body), call.identity)
    return {**result.answer("queues"), "queues": [limit_entries(item, request.max_task_entries) for item in result.items]}


async def get_all_ex(call: Call, request: GetAllRequest) -> Document:
    """Queues that match, with the names of what they refer to and the workers that listen to them."""
    body = {**visible(call.body), "only_fields": [*(request.only_fields or ["*"]), *_task_names(request.only_fields)]}
    result = await query.page(call.metadata, query.QUEUES, body, call.identity, expand=True)
    workers = await call.metadata.read(lambda session: listeners(session, call.identity.company))
    for item in result.items:
        item["workers"] = workers.get(item["id"], [])
    return {**result.answer("queues"), "queues": [limit_entries(item, request.max_task_entries) for item in result.items]}


def _task_names(only_fields: list[str]) -> list[str]:
    """Entries are shown with the names of their tasks whenever they are shown."""
    shown = not only_fields or any(name in ("*", "entries", "entries.task") or name.startswith("-") for name in only_fields)
    return ["entries.task.name", "entries.added"] if shown else []


def visible(body: Document) -> Document:
    """The request; one that names queues also finds those of the k8s glue, which are hidden otherwise."""
    return {**body, "search_hidden": True} if body.get("name") else body


def limit_entries(queue: Document, limit: int | None) -> Document:
    """The queue with at most ``limit`` of its entries."""
    if limit is not None and "entries" in queue:
        queue["entries"] = queue["entries"][: max(limit, 0)]
    return queue


def listeners(session: Session, company: str) -> dict[str, list[Document]]:
    """The workers that are alive by the queues they listen to."""
    table, moment = table_of(Worker), clock.now()
    rows = session.execute(select(table).where(table.c.company == company).order_by(table.c.num)).all()
    alive = [row for row in rows if row.last_activity_time + timedelta(seconds=row.timeout) > moment]
    tasks = table_of(Task)
    running = select(tasks.c.id, tasks.c.name).where(tasks.c.id.in_({row.task for row in alive if row.task}))
    names: dict[str, str] = {row.id: row.name for row in session.execute(running)}
    found: dict[str, list[Document]] = {}
    for row in alive:
        told: Document = {"name": row.id, "ip": row.ip, "key": row.key}
        if row.task in names:
            told["task"] = {"id": row.task, "name": names[row.task]}
        for queue in row.queues:
            found.setdefault(queue, []).append(told)
    return found
