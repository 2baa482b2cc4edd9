"""Read queues."""

from __future__ import annotations

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import QUEUE
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.queues.requests import GetByIdRequest


async def get_by_id(call: Call, request: GetByIdRequest) -> Document:
    """A queue with the tasks that wait in it, in their order."""

    def work(session: Session) -> Document:
        queue = store.require(session, QUEUE, request.queue, company=call.identity.company)
        return {"queue": limit_entries(queue, request.max_task_entries)}

    return await call.metadata.read(work)


def limit_entries(queue: Document, limit: int | None) -> Document:
    """The queue with at most ``limit`` of its entries."""
    if limit is not None and "entries" in queue:
        queue["entries"] = queue["entries"][: max(limit, 0)]
    return queue
