"""Read tasks."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.entities import TASK, Task, table_of
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.tasks.requests import TaskExQuery, TaskQuery, TaskRequest, TypesRequest


async def get_by_id(call: Call, request: TaskRequest) -> Document:
    """A task with everything that is known of it."""
    company = call.identity.company
    return {"task": await call.metadata.read(lambda session: store.require(session, TASK, request.task, company=company))}


async def get_all(call: Call, request: TaskQuery) -> Document:
    """The tasks that meet all conditions, with the fields that were asked for."""
    return (await query.page(call.metadata, TASK, call.body, call.identity)).answer("tasks")


async def get_all_ex(call: Call, request: TaskExQuery) -> Document:
    """As ``tasks.get_all``, with the fields of what tasks refer to."""
    return (await query.page(call.metadata, TASK, call.body, call.identity, expand=True)).answer("tasks")


async def get_types(call: Call, request: TypesRequest) -> Document:
    """The types of tasks that occur in projects and all that is below them."""

    def work(session: Session) -> list[str]:
        table = table_of(Task)
        found = select(table.c.type).where(table.c.company.in_([call.identity.company, ""]))
        if request.projects:
            found = found.where(table.c.project.in_(store.with_descendants(session, request.projects)))
        return sorted(session.execute(found.distinct()).scalars())

    return {"types": await call.metadata.read(work)}
