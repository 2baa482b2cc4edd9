"""Searching the logs of tasks, and of all tasks of projects. An endpoint of Trackyard's own."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.contracts.events import LogHit, LogSearch
from trackyard.core.entities import TASK, table_of
from trackyard.core.errors import validation
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request
from trackyard.plugins.events.shapes import iso_time

__all__ = ["SearchLogsRequest", "search_logs"]

MAX_TASKS = 10_000
"""Tasks looked through, the newest first."""


class SearchLogsRequest(Request, kw_only=True):
    """Asks for the lines that hold ``text`` in the logs of ``tasks`` or of the tasks of ``projects`` and those below them.

    ``context`` is a number of lines around each. Pages go on by ``scroll_id`` until it is null.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    tasks: list[str] = []
    projects: list[str] = []
    match_case: bool = False
    context: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    scroll_id: str | None = None


async def search_logs(call: Call, request: SearchLogsRequest) -> dict[str, Any]:
    """Lines that hold a text, with the lines around them; tasks newest first, lines oldest first.

    A page may hold fewer lines than asked for although more follow: a call looks through a bounded amount of text.
    """
    if not request.tasks and not request.projects:
        raise validation("tasks", "tasks or projects are expected")
    names = await call.metadata.read(lambda session: _tasks(session, call.identity.company, request))
    tasks, cursor = _resume(list(names), request.scroll_id)
    query = LogSearch("task", tasks, request.text, request.match_case, request.batch_size, request.context, cursor)
    page = await call.events.search_logs(query)
    hits = [_hit(hit, names) for hit in page.hits]
    return {"hits": hits, "returned": len(hits), "scroll_id": _scroll_id(tasks, page.next)}


def _scroll_id(tasks: list[str], cursor: str) -> str | None:
    """The store's cursor counts tasks; a scroll id names the one, since new tasks may come before it."""
    place, _, rest = cursor.partition(".")
    return f"{tasks[int(place)]}.{rest}" if cursor else None


def _resume(tasks: list[str], scroll_id: str | None) -> tuple[list[str], str]:
    """The tasks from the one on at which a scroll stands, and the store's cursor."""
    task, _, rest = (scroll_id or "").partition(".")
    return (tasks[tasks.index(task) :], f"0.{rest}") if task in tasks else (tasks, "")


def _tasks(session: Session, company: str, request: SearchLogsRequest) -> dict[str, str]:
    """Names of the tasks by id, newest first; unknown ones are passed over."""
    table = table_of(TASK.table)
    query = select(table.c.id, table.c.name).where(table.c.company == company).order_by(table.c.num.desc()).limit(MAX_TASKS)
    if request.tasks:
        query = query.where(table.c.id.in_(request.tasks[:MAX_TASKS]))
    if request.projects:
        query = query.where(table.c.project.in_(store.with_descendants(session, request.projects)))
    return {row.id: row.name for row in session.execute(query)}


def _hit(hit: LogHit, names: dict[str, str]) -> dict[str, Any]:
    return {
        "task": hit.entity,
        "task_name": names[hit.entity],
        "timestamp": hit.timestamp,
        "@timestamp": iso_time(hit.timestamp),
        "level": hit.level,
        "worker": hit.worker,
        "line": hit.line,
        "before": hit.before,
        "after": hit.after,
    }
