"""A unit of work that moves tasks: the session, who acts, one moment, and the status changes to tell when it is durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import TASK
from trackyard.core.errors import ApiError
from trackyard.core.extension import Scheduler, StatusChange, TaskListener
from trackyard.core.identity import Identity
from trackyard.core.protocol.many import Result, many_in_unit
from trackyard.core.store import Document

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

T = TypeVar("T")
TURN = 50
"""How many tasks of a call for many are changed in one unit of work."""
LISTENER_DEADLINE = 10.0
"""Seconds that a listener may take to hear of one change."""

STATUS_FIELDS = (
    "id",
    "company",
    "user",
    "name",
    "type",
    "status",
    "project",
    "system_tags",
    "started",
    "last_update",
    "last_worker",
    "enqueue_status",
)
"""What the functions of the life cycle need to know of a task."""

log = logging.getLogger(__name__)


@dataclass
class Unit:
    """One unit of work: everything in it happens at the same moment ``now``, on behalf of ``identity``."""

    session: Session
    identity: Identity
    listeners: Sequence[tuple[str, TaskListener]] = ()
    schedulers: Sequence[Scheduler] = ()
    now: datetime = field(default_factory=clock.now)
    changes: list[StatusChange] = field(default_factory=list)


async def write(kernel: Kernel, identity: Identity, work: Callable[[Unit], T]) -> T:
    """Run ``work`` as one atomic unit; then tell the task listeners what changed. Raises what ``work`` raises."""
    listeners: list[tuple[str, TaskListener]] = kernel.plugins.providers("task_listeners")
    schedulers = active_schedulers(kernel)
    changes: list[StatusChange] = []

    def run(session: Session) -> T:
        changes.clear()  # the database may ask for a repetition
        return work(Unit(session, identity, listeners, schedulers, changes=changes))

    result = await kernel.metadata.write(run)
    for change in changes:
        for name, listener in listeners:
            await _tell(name, listener, change)
    return result


def active_schedulers(kernel: Kernel) -> list[Scheduler]:
    """The schedulers that are switched on."""
    return [scheduler for scheduler in kernel.plugins.provided("schedulers") if scheduler.active]


async def _tell(name: str, listener: TaskListener, change: StatusChange) -> None:
    try:
        await asyncio.wait_for(listener.after_status(change), LISTENER_DEADLINE)
    except Exception:
        log.exception("the task listener of plugin %s failed at task %s: %s to %s", name, change.task, change.old, change.new)


def owned_task(unit: Unit, task_id: str, fields: Collection[str] = STATUS_FIELDS) -> Document:
    """A task that the caller may change; public tasks are read-only. Raises "Invalid task id" (400/101).

    ``fields`` are read beside those that the life cycle needs.
    """
    return store.require_own(unit.session, TASK, task_id, company=unit.identity.company, fields={*STATUS_FIELDS, *fields})


async def write_many(kernel: Kernel, identity: Identity, ids: Iterable[str], work: Callable[[Unit, str], Result]) -> Result:
    """Do ``work`` for each of many tasks, so that each is done or fails for itself; the answer of ``*_many`` endpoints.

    A few dozen share a unit of work: other writers get their turn in between.
    """
    answer: Result = {"succeeded": [], "failed": []}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), TURN):
        part = wanted[start : start + TURN]
        done = await write(kernel, identity, lambda unit, part=part: _many(unit, part, work))  # type: ignore[misc]
        for key, items in done.items():
            answer[key] += items
    return answer


def _many(unit: Unit, ids: Iterable[str], work: Callable[[Unit, str], Result]) -> Result:
    """As `many_in_unit`; status changes of what fails are forgotten, too."""

    def run(one: str) -> Result:
        before = len(unit.changes)
        try:
            return work(unit, one)
        except ApiError:
            del unit.changes[before:]
            raise

    return many_in_unit(unit.session, ids, run)
