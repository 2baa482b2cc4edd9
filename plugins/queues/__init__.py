"""Queues of tasks: what waits for agents, and in which order."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import msgspec
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.errors import ApiError
from trackyard.core.extension import Job, StatusChange, TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import SYSTEM, Identity
from trackyard.core.kernel import Kernel
from trackyard.core.lifecycle import Unit, default_queue
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.plugins.queues.endpoints import endpoints
from trackyard.plugins.queues.lengths import QueueLengths

SERVICES_QUEUE = "services"
"""The queue that the services agent listens to; it is there from the first start."""
MEASURE_SECONDS = 60.0
DAY = 24 * 3600.0


class QueuesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the queues."""

    statistics_days: Annotated[int, msgspec.Meta(ge=1, description="Days for which lengths of queues are kept")] = 180


log = logging.getLogger(__name__)


class QueuesPlugin(Plugin):
    """The service ``queues``."""

    name = "queues"
    summary = "Queues of tasks: what waits for agents, and in which order"
    settings_type = QueuesSettings

    def __init__(self, settings: Any) -> None:
        """Nothing is measured before `start`."""
        super().__init__(settings)
        self._lengths = QueueLengths()

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return endpoints(self._lengths)

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """Tasks that are enqueued or leave a queue by a change of their status."""
        return [_QueueListener(self._lengths)]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """The measurement of every minute; old ones are forgotten."""
        return [
            Job("queue lengths", MEASURE_SECONDS, lambda kernel: self._lengths.measure()),
            Job("forget old queue lengths", DAY, lambda kernel: self._lengths.forget(self.settings.statistics_days)),
        ]

    async def start(self, kernel: Kernel) -> None:
        """Make the default queue and the services queue unless they exist: clients look for them by name."""
        self._lengths.start(kernel)
        await kernel.metadata.write(_ensure_queues)

    async def stop(self) -> None:
        """Store the last measurements."""
        await self._lengths.close()


class _QueueListener:
    def __init__(self, lengths: QueueLengths) -> None:
        self._lengths = lengths

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        return []

    async def after_status(self, change: StatusChange) -> None:
        if "queued" in (change.old, change.new):
            self._lengths.changed()


def _ensure_queues(session: Session) -> None:
    try:
        default_queue(Unit(session, SYSTEM))
    except ApiError as error:  # several are tagged: for an administrator to choose
        log.warning("%s", error.message)
    if store.queue_named(session, SYSTEM.company, SERVICES_QUEUE) is None:
        store.create_queue(session, SYSTEM, SERVICES_QUEUE)
