"""The rule: it is asked whenever a task is put into a queue."""

from __future__ import annotations

import logging
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import QUEUE, TASK, Queue, table_of
from trackyard.core.errors import ApiError
from trackyard.core.extension import StatusChange, TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.plugin import Plugin

SERVICES = "services"
HEAVY_TYPES = frozenset({"training", "testing", "inference"})
NAMED = 5
"""How many other queues are named at most."""
log = logging.getLogger(__name__)


class ServicesQueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[policies.services_queue]``: what happens to a training, testing or inference task in the queue ``services``.

    ``mode``: ``refuse`` the call, ``warn`` the caller (and the log), or ``allow`` it.
    """

    mode: Literal["refuse", "warn", "allow"] = "refuse"


class ServicesQueueRule:
    """Hears of every task that is put into a queue."""

    def __init__(self, mode: str) -> None:
        """``mode``: refuse, warn or allow."""
        self._mode = mode

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """Refuse, or warn of, a task that needs a machine of its own in the queue of services."""
        if self._mode == "allow":
            return []
        name = store.require(session, QUEUE, queue, fields=("name",))["name"]
        kind = store.require(session, TASK, task, fields=("type",))["type"]
        if name != SERVICES or kind not in HEAVY_TYPES:
            return []
        text = f"Tasks of type {kind} do not belong into the queue {SERVICES}, whose agent runs many small tasks at once"
        others = ", ".join(_other_queues(session, identity.company)) or "none yet: create one"
        if self._mode == "refuse":
            raise ApiError(400, 100, text, task=task, queue=queue, queues_that_fit=others)
        log.warning("%s: task %s was put there; queues that fit: %s", text, task, others)
        return [f"{text}. Queues that fit: {others}"]

    async def after_status(self, change: StatusChange) -> None:
        """Of no interest to this rule."""


def _other_queues(session: Session, company: str) -> list[str]:
    table = table_of(Queue)
    query = select(table.c.name).where(table.c.company == company, table.c.name != SERVICES).order_by(table.c.num).limit(NAMED)
    return list(session.execute(query).scalars())


class ServicesQueuePlugin(Plugin):
    """Keeps heavy tasks out of the queue of services."""

    name = "policies-services-queue"
    summary = "Keeps training, testing and inference out of the services queue"
    table = "policies.services_queue"
    settings_type = ServicesQueueSettings
    needs = ("tasks",)

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """The rule."""
        return [ServicesQueueRule(self.settings.mode)]
