"""What events change on their task or model: last metrics, iteration, last sign of life, statistics of metrics."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy
from sqlalchemy import Select, bindparam, select, update
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.contracts.events import EntityKind
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.entities import MODEL, TASK, table_of
from trackyard.core.lifecycle.activity import active_seconds
from trackyard.core.store import MetricBatch, name_hash
from trackyard.plugins.events.batching import EntityReport, metric_batches
from trackyard.plugins.events.sharing import Shared

__all__ = ["Statistics", "Update"]

STATS_SECONDS = 10.0
"""How old ``metric_stats`` of a task may be before it is written again: it is a whole document."""

REMEMBERED = 10_000


@dataclass(slots=True)
class Update:
    """What one batch says of one task or model."""

    kind: EntityKind
    id: str
    metrics: list[MetricBatch]
    iteration: int | None
    types: dict[str, set[str]]

    @staticmethod
    def of(report: EntityReport) -> Update:
        """From a report; the metrics are worked out here, so that a thread can do it."""
        scalars = report.events.scalars
        entity = report.events.entity
        return Update(
            entity.kind, entity.id, metric_batches(scalars) if scalars is not None else [], report.iteration, report.types
        )


@dataclass(slots=True)
class _Written:
    """When which types of events of which metrics were last noted on a task, and the task's ``last_change`` then."""

    last_change: datetime | None
    times: dict[tuple[str, str], datetime] = field(default_factory=dict)


_Touched: TypeAlias = tuple[int, datetime | None]
"""The number of a task or model, and the ``last_change`` of a task."""


class Statistics:
    """Writes updates of all requests that wait in one unit of work."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._shared: Shared[list[Update], None] = Shared(self._write)
        self._written: OrderedDict[str, _Written] = OrderedDict()
        self._names: dict[tuple[str, str], int] = {}

    async def record(self, updates: list[Update]) -> None:
        """Write the updates; they are durable on return."""
        if updates:
            await self._shared.do(updates)

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._shared.close()

    async def _write(self, rounds: Sequence[list[Update]]) -> Sequence[None]:
        updates = [item for updates in rounds for item in updates]
        now = clock.now()
        written, names = await self._metadata.write(lambda session: self._apply(session, updates, now))
        self._remember(written, names)
        return [None] * len(rounds)

    def _remember(self, written: dict[str, _Written], names: dict[tuple[str, str], int]) -> None:
        """Remember what is durable, up to a bound."""
        for task, state in written.items():
            self._written[task] = state
            self._written.move_to_end(task)
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        if len(self._names) > REMEMBERED:
            self._names = {}
        self._names.update(names)

    def _apply(
        self, session: Session, updates: list[Update], now: datetime
    ) -> tuple[dict[str, _Written], dict[tuple[str, str], int]]:
        """What is to be remembered of the tasks and of the names of metrics, once it is durable."""
        by_kind: dict[EntityKind, dict[str, list[Update]]] = {"task": {}, "model": {}}
        for item in updates:
            by_kind[item.kind].setdefault(item.id, []).append(item)
        tasks = _touch_tasks(session, by_kind["task"], now)
        models = _touch_models(session, by_kind["model"], now)
        names = store.record_many_metrics(session, TASK, _metrics(tasks, by_kind["task"]), self._names)
        names |= store.record_many_metrics(session, MODEL, _metrics(models, by_kind["model"]), self._names)
        written = {
            task: self._note_types(session, task, by_kind["task"][task], last_change, now)
            for task, (_, last_change) in tasks.items()
        }
        return written, names

    def _note_types(
        self, session: Session, task: str, items: list[Update], last_change: datetime | None, now: datetime
    ) -> _Written:
        """Note which types of events each metric has, and when one last came: at most every so often, since it is one large
        document, unless somebody else changed the task (it may have been reset)."""
        old = self._written.get(task)
        if old is None or old.last_change != last_change:
            old = _Written(last_change)
        given = {(metric, kind) for item in items for metric, kinds in item.types.items() for kind in kinds}
        due = {pair for pair in given if pair not in old.times or (now - old.times[pair]).total_seconds() >= STATS_SECONDS}
        if not due:
            return old
        document = store.get(session, TASK, task, fields=("metric_stats",)) or {}
        stats: dict[str, Any] = document.get("metric_stats") or {}
        for metric, kind in due:
            entry = stats.setdefault(name_hash(metric), {"metric": metric, "event_stats_by_type": {}})
            entry["event_stats_by_type"][kind] = {"last_update": int(now.timestamp() * 1000)}
        store.update(session, TASK, task, {"metric_stats": stats, "last_change": now}, tells=False)
        return _Written(now, old.times | dict.fromkeys(due, now))


def _last_iteration(items: list[Update], old: int | None) -> int | None:
    return (
        max((item.iteration for item in items if item.iteration is not None), default=old)
        if old is None
        else max([old, *(item.iteration for item in items if item.iteration is not None)])
    )


def _metrics(touched: dict[str, _Touched], updates: dict[str, list[Update]]) -> dict[int, list[MetricBatch]]:
    """What is to be recorded, by the numbers of tasks or models."""
    return {number: [one for item in updates[key] for one in item.metrics] for key, (number, _) in touched.items()}


@cache
def _tasks_query() -> Select[Any]:
    """What is read of the tasks ``ids``; statements are built once, as building one costs more than executing it."""
    table = table_of(TASK.table)
    columns = [table.c[name] for name in ("id", "num", "status", "started", "active_duration", "last_iteration", "last_change")]
    return select(*columns).where(table.c.id.in_(bindparam("ids", expanding=True)))


@cache
def _tasks_change() -> sqlalchemy.Update:
    """What is written to the task ``b_num``."""
    table = table_of(TASK.table)
    columns = ("last_update", "active_duration", "last_iteration")
    return update(table).where(table.c.num == bindparam("b_num")).values({name: bindparam(name) for name in columns})


def _touch_tasks(session: Session, entities: dict[str, list[Update]], now: datetime) -> dict[str, _Touched]:
    """``last_update``, ``last_iteration`` and, while a task runs, ``active_duration``; number and ``last_change`` of each."""
    if not entities:
        return {}
    rows: list[dict[str, Any]] = []
    touched: dict[str, _Touched] = {}
    for row in session.connection().execute(_tasks_query(), {"ids": sorted(entities)}):
        active = active_seconds(row.started, now) if row.status == "in_progress" else row.active_duration
        iteration = _last_iteration(entities[row.id], row.last_iteration)
        rows.append({"b_num": row.num, "last_update": now, "active_duration": active, "last_iteration": iteration})
        touched[row.id] = (row.num, row.last_change)
    if rows:
        session.connection().execute(_tasks_change(), rows)
    return touched


def _touch_models(session: Session, entities: dict[str, list[Update]], now: datetime) -> dict[str, _Touched]:
    """``last_update`` and ``last_iteration``; number of each."""
    if not entities:
        return {}
    table = table_of(MODEL.table)
    query = select(table.c.id, table.c.num, table.c.last_iteration).where(table.c.id.in_(sorted(entities)))
    rows: list[dict[str, Any]] = []
    touched: dict[str, _Touched] = {}
    for key, number, iteration in session.execute(query):
        rows.append({"b_num": number, "moment": now, "iteration": _last_iteration(entities[key], iteration)})
        touched[key] = (number, None)
    change = update(table).where(table.c.num == bindparam("b_num"))
    if rows:
        session.connection().execute(change.values(last_update=bindparam("moment"), last_iteration=bindparam("iteration")), rows)
    return touched
