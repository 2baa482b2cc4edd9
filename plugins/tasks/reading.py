"""Read tasks."""

from __future__ import annotations

from trackyard.core import store
from trackyard.core.entities import TASK
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.tasks.requests import TaskRequest


async def get_by_id(call: Call, request: TaskRequest) -> Document:
    """A task with everything that is known of it."""
    company = call.identity.company
    return {"task": await call.metadata.read(lambda session: store.require(session, TASK, request.task, company=company))}
