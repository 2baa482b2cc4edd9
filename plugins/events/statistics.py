"""What events change on their task or model: last metrics, iteration, last sign of life, statistics of metrics."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
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


class Statistics:
    """Writes updates of all requests that wait in one unit of work."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._shared: Shared[list[Update], None] = Shared(self._write)
        self._stats_written: OrderedDict[tuple[str, str, str, str], datetime] = OrderedDict()

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
        await self._metadata.write(lambda session: self._apply(session, updates, now))
        self._remember(updates, now)
        return [None] * len(rounds)

    def _apply(self, session: Session, updates: list[Update], now: datetime) -> None:
        by_kind: dict[EntityKind, dict[str, list[Update]]] = {}
        for item in updates:
            by_kind.setdefault(item.kind, {}).setdefault(item.id, []).append(item)
        if "task" in by_kind:
            _touch_tasks(session, by_kind["task"], now)
        if "model" in by_kind:
            _touch_models(session, by_kind["model"], now)
        for kind, entities in by_kind.items():
            batches = {number: [one for item in items for one in item.metrics] for number, items in entities.items()}
            store.record_many_metrics(session, TASK if kind == "task" else MODEL, batches)
        for number, items in by_kind.get("task", {}).items():
            self._write_stats(session, number, items, now)

    def _write_stats(self, session: Session, task: str, items: list[Update], now: datetime) -> None:
        """Note which types of events each metric has, and when one last came; at most every so often."""
        due = {
            (metric, kind)
            for item in items
            for metric, kinds in item.types.items()
            for kind in kinds
            if self._is_due(("task", task, metric, kind), now)
        }
        document = store.get(session, TASK, task, fields=("metric_stats",)) if due else None
        if document is None:
            return
        stats: dict[str, Any] = document.get("metric_stats") or {}
        for metric, kind in due:
            entry = stats.setdefault(name_hash(metric), {"metric": metric, "event_stats_by_type": {}})
            entry["event_stats_by_type"][kind] = {"last_update": int(now.timestamp() * 1000)}
        store.update(session, TASK, task, {"metric_stats": stats, "last_change": now}, tells=False)

    def _is_due(self, key: tuple[str, str, str, str], now: datetime) -> bool:
        written = self._stats_written.get(key)
        return written is None or (now - written).total_seconds() >= STATS_SECONDS

    def _remember(self, updates: list[Update], now: datetime) -> None:
        for item in updates:
            for metric, kinds in item.types.items():
                for kind in kinds:
                    key = (item.kind, item.id, metric, kind)
                    if self._is_due(key, now):
                        self._stats_written[key] = now
                        self._stats_written.move_to_end(key)
        while len(self._stats_written) > REMEMBERED:
            self._stats_written.popitem(last=False)


def _last_iteration(items: list[Update], old: int | None) -> int | None:
    return (
        max((item.iteration for item in items if item.iteration is not None), default=old)
        if old is None
        else max([old, *(item.iteration for item in items if item.iteration is not None)])
    )


def _touch_tasks(session: Session, entities: dict[str, list[Update]], now: datetime) -> None:
    """``last_update``, ``last_iteration`` and, while a task runs, ``active_duration``."""
    table = table_of(TASK.table)
    query = select(table.c.id, table.c.num, table.c.status, table.c.started, table.c.active_duration, table.c.last_iteration)
    rows = []
    for number, num, status, started, active, iteration in session.execute(query.where(table.c.id.in_(sorted(entities)))):
        active = active_seconds(started, now) if status == "in_progress" else active
        rows.append({"b_num": num, "moment": now, "active": active, "iteration": _last_iteration(entities[number], iteration)})
    change = update(table).where(table.c.num == bindparam("b_num"))
    values: dict[str, Any] = {
        "last_update": bindparam("moment"),
        "active_duration": bindparam("active"),
        "last_iteration": bindparam("iteration"),
    }
    if rows:
        session.connection().execute(change.values(values), rows)


def _touch_models(session: Session, entities: dict[str, list[Update]], now: datetime) -> None:
    """``last_update`` and ``last_iteration``."""
    table = table_of(MODEL.table)
    query = select(table.c.id, table.c.num, table.c.last_iteration).where(table.c.id.in_(sorted(entities)))
    rows = [
        {"b_num": num, "moment": now, "iteration": _last_iteration(entities[number], iteration)}
        for number, num, iteration in session.execute(query)
    ]
    change = update(table).where(table.c.num == bindparam("b_num"))
    if rows:
        session.connection().execute(change.values(last_update=bindparam("moment"), last_iteration=bindparam("iteration")), rows)
