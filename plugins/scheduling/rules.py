"""The rules, read from what users of the SDK and of the API can set: tags of tasks, metadata of queues, tags of workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import QUEUE, TASK, QueueEntry, Task, Worker, table_of
from trackyard.core.extension import Puller
from trackyard.core.store.values import chunks

PRIORITY, NEEDS = "priority:", "needs:"
QUEUE_LIMIT, USER_LIMIT = "max_running", "max_running_per_user"
ON_ITS_WAY = timedelta(minutes=10)
"""For so long a task that was given out counts as running although its agent has not said that it runs."""


@dataclass(frozen=True)
class Waiting:
    """What counts of a task that waits: its user, its priority (higher first), the labels that its worker must have."""

    task: str
    user: str
    priority: int
    needs: frozenset[str]


@dataclass(frozen=True)
class Running:
    """How many tasks run: in the queue, in the queue by user, and of each user in all queues."""

    here: int
    here_by_user: Counter[str]
    by_user: Counter[str]


class Rules:
    """The scheduler."""

    def __init__(self, user_limit: int, *, active: bool) -> None:
        """``user_limit``: how many tasks of one user run in all queues together (0: any number)."""
        self.active = active
        self._user_limit = user_limit

    def eligible(self, session: Session, queue: str, tasks: list[str], puller: Puller) -> list[str]:
        """The tasks that fit the worker and the limits, those of the highest priority first, then in the queue's order."""
        waiting = _waiting(session, tasks)
        if any(task.needs for task in waiting):
            labels = worker_labels(session, queue, puller)
            waiting = [task for task in waiting if task.needs <= labels]
        waiting = self._within_limits(session, queue, waiting, puller.identity.company)
        return [task.task for task in sorted(waiting, key=lambda task: -task.priority)]

    def _within_limits(self, session: Session, queue: str, waiting: list[Waiting], company: str) -> list[Waiting]:
        metadata = store.require(session, QUEUE, queue, fields=("metadata",))["metadata"] or {}
        of_queue, of_user = _limit(metadata, QUEUE_LIMIT), _limit(metadata, USER_LIMIT)
        if not waiting or not (of_queue or of_user or self._user_limit):
            return waiting
        runs = _running(session, queue, company)
        if of_queue and runs.here >= of_queue:
            return []
        return [
            task
            for task in waiting
            if (not of_user or runs.here_by_user[task.user] < of_user)
            and (not self._user_limit or runs.by_user[task.user] < self._user_limit)
        ]


def _waiting(session: Session, tasks: Sequence[str]) -> list[Waiting]:
    """In the order of ``tasks``; one that is gone counts as one without wishes, for its entry is then passed over."""
    table = table_of(Task)
    known: dict[str, Waiting] = {}
    for part in chunks(list(tasks)):
        query = select(table.c.id, table.c.user, table.c.tags).where(table.c.id.in_(part))
        known.update((row.id, _described(row.id, row.user, row.tags)) for row in session.execute(query))
    return [known.get(task) or Waiting(task, "", 0, frozenset()) for task in tasks]


def _described(task: str, user: str | None, tags: Iterable[str]) -> Waiting:
    needs = frozenset(tag.removeprefix(NEEDS).strip() for tag in tags if tag.startswith(NEEDS))
    return Waiting(task, user or "", max(map(_priority, tags), default=0), needs)


def _priority(tag: str) -> int:
    return _number(tag.removeprefix(PRIORITY)) if tag.startswith(PRIORITY) else 0


def _limit(metadata: dict[str, Any], key: str) -> int:
    return _number(str((metadata.get(key) or {}).get("value") or ""))


def _number(text: str) -> int:
    """A number of at most nine digits; anything else counts as 0."""
    text = text.strip()
    return int(text) if len(text) < 10 and text.removeprefix("-").isdecimal() else 0


def _running(session: Session, queue: str, company: str) -> Running:
    """The tasks that agents run or were given a moment ago; those that run beside their user do not count."""
    table, entry = table_of(Task), table_of(QueueEntry)
    given = and_(
        table.c.status == "queued",
        table.c.last_worker_report > clock.now() - ON_ITS_WAY,
        ~exists(select(entry.c.num).where(entry.c.task == table.c.id)),
    )
    query = select(table.c.num).where(table.c.company == company, or_(table.c.status == "in_progress", given))
    nums = list(session.execute(query).scalars())
    found = [task for part in chunks(nums) for task in store.load(session, TASK, part, ("user", "execution", "system_tags"))]
    by_agents = [
        (task.get("user") or "", (task["execution"] or {}).get("queue"))
        for task in found
        if "development" not in task["system_tags"]
    ]
    here = Counter(user for user, of_queue in by_agents if of_queue == queue)
    return Running(here.total(), here, Counter(user for user, of_queue in by_agents if of_queue))


def worker_labels(session: Session, queue: str, puller: Puller) -> frozenset[str]:
    """The tags of the worker that asks.

    Agents do not say which of the workers of their machine they are when they ask. So those come into question that listen
    to the queue from the same address with the credentials of the same user, and what all of them have counts.
    """
    table, moment = table_of(Worker), clock.now()
    query = select(
        table.c.id, table.c.ip, table.c.user, table.c.queues, table.c.tags, table.c.last_activity_time, table.c.timeout
    )
    rows = [
        row
        for row in session.execute(query.where(table.c.company == puller.identity.company))
        if row.last_activity_time + timedelta(seconds=row.timeout) > moment
    ]
    named = [row for row in rows if row.id == puller.worker]
    near = [row for row in rows if row.ip == puller.address and row.user == puller.identity.user and queue in row.queues]
    return frozenset.intersection(*(frozenset(row.tags) for row in named or near)) if named or near else frozenset()
