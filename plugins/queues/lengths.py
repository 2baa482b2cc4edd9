"""How long queues were and how long tasks waited in them, over time.

Every change is followed by a measurement, and queues in which tasks wait are measured every minute: a length holds until
the next point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.background import Delayed
from trackyard.core.contracts.events import Aggregate, AggregateQuery, Entity, MetricFilter, Retention
from trackyard.core.entities import Queue, QueueEntry, table_of
from trackyard.core.kernel import Kernel
from trackyard.core.protocol.endpoint import Call
from trackyard.core.statistics import Statistics
from trackyard.core.store import Document
from trackyard.plugins.queues.requests import MetricsRequest

LENGTH = "queue_length"
WAITING = "avg_waiting_time"
DELAY = 1.0
"""Seconds between a change and its measurement, which later changes share."""
ALL = "all"
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Measured:
    """The tasks of one queue at one moment: their number and how long they have waited on average (s)."""

    length: int
    waiting: float


class QueueLengths:
    """Measures the queues and answers for the past."""

    def __init__(self) -> None:
        self._kernel: Kernel | None = None
        self._filled: set[str] = set()

    def start(self, kernel: Kernel) -> None:
        """Begin to measure."""
        self._kernel = kernel
        self._statistics = Statistics(kernel, "queue")
        self._delayed = Delayed(kernel, "queue lengths", DELAY, self._measure)

    def changed(self) -> None:
        """Some queue changed: measure soon."""
        self._delayed.ask()

    async def measure(self) -> None:
        """Note the state of every queue in which tasks wait, and of those that were emptied since."""
        await self._delayed.now()

    async def _measure(self) -> None:
        if self._kernel is None:
            return
        moment = clock.epoch_ms(clock.now())
        found = await self._kernel.metadata.read(lambda session: _measure(session, moment))
        for queue in self._filled - found.keys():
            self._record(queue, moment, Measured(0, 0.0))
        for queue, measured in found.items():
            self._record(queue, moment, measured)
        self._filled = set(found)

    async def forget(self, days: int) -> None:
        """Forget measurements older than ``days``."""
        if self._kernel is not None:
            before = clock.epoch_ms(clock.now()) - days * DAY_MS
            await self._kernel.events.retain(Retention("queue", before))

    async def close(self) -> None:
        """Measure what changed, and store everything."""
        if self._kernel is not None:
            await self._delayed.now()
            await self._statistics.flush()

    async def get_queue_metrics(self, call: Call, request: MetricsRequest) -> Document:
        """Lengths and average waiting times of queues by interval; without ids those of all queues together."""
        if request.refresh:
            await self.measure()
        await self._statistics.flush()
        queues = await call.metadata.read(lambda session: _known(session, call.identity.company, request.queue_ids))
        query = AggregateQuery(
            "queue",
            queues,
            start=int(request.from_date * 1000),
            end=int(request.to_date * 1000) + 1,
            interval=request.interval * 1000,
            metrics=[MetricFilter(LENGTH), MetricFilter(WAITING)],
        )
        series = _by_queue(await call.events.aggregate(query)) if queues else {}
        if not request.queue_ids:
            return {"queues": [_answer(ALL, _together(list(series.values())))]}
        return {"queues": [_answer(queue, series.get(queue, {})) for queue in queues]}

    def _record(self, queue: str, moment: int, measured: Measured) -> None:
        values = {(LENGTH, ""): float(measured.length), (WAITING, ""): measured.waiting}
        self._statistics.record(Entity("queue", queue), moment, values)


def _measure(session: Session, moment: int) -> dict[str, Measured]:
    table = table_of(QueueEntry)
    added = func.avg(type_coerce(table.c.added, BigInteger))
    rows = session.execute(select(table.c.queue, func.count(), added).group_by(table.c.queue))
    return {queue: Measured(count, max(0.0, (moment - float(mean)) / 1000)) for queue, count, mean in rows}


def _known(session: Session, company: str, wanted: Sequence[str]) -> list[str]:
    table = table_of(Queue)
    found = session.execute(select(table.c.id).where(table.c.company == company).order_by(table.c.num)).scalars().all()
    return [queue for queue in wanted if queue in set(found)] if wanted else list(found)


def _by_queue(rows: list[Aggregate]) -> dict[str, dict[int, Measured]]:
    """By queue and beginning of the interval (ms): the greatest length and the greatest average waiting time."""
    lengths: dict[str, dict[int, float]] = {}
    waits: dict[str, dict[int, float]] = {}
    for row in rows:
        part = lengths if row.metric == LENGTH else waits
        part.setdefault(row.entity, {}).update(zip(row.starts.tolist(), row.maxima.tolist(), strict=True))
    return {
        queue: {start: Measured(int(length), waits.get(queue, {}).get(start, 0.0)) for start, length in points.items()}
        for queue, points in lengths.items()
    }


def _together(series: list[dict[int, Measured]]) -> dict[int, Measured]:
    """All queues as one: the number of all waiting tasks and their average waiting time."""
    last: dict[int, Measured] = {}
    found: dict[int, Measured] = {}
    for start in sorted({start for points in series for start in points}):
        for index, points in enumerate(series):
            if start in points:
                last[index] = points[start]
        length = sum(one.length for one in last.values())
        waited = sum(one.length * one.waiting for one in last.values())
        found[start] = Measured(length, waited / length if length else 0.0)
    return found


def _answer(queue: str, points: dict[int, Measured]) -> Document:
    ordered = sorted(points.items())
    return {
        "queue": queue,
        "dates": [start for start, _ in ordered],
        "avg_waiting_times": [round(one.waiting, 3) for _, one in ordered],
        "queue_lengths": [one.length for _, one in ordered],
    }
