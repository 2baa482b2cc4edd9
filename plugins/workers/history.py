"""What workers did and how their machines were, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trackyard.core import clock
from trackyard.core.contracts.events import Aggregate, AggregateQuery, Entity, MetricFilter, Retention
from trackyard.core.errors import ApiError, validation
from trackyard.core.kernel import Kernel
from trackyard.core.statistics import Bucket, Series, Statistics, machine_numbers, milliseconds, series_of
from trackyard.core.store import Document
from trackyard.plugins.workers.requests import PeriodRequest, StatsRequest, StatusRequest

ACTIVITY = "activity"
"""Metric that has one variant per worker: 1 in reports of a task, 0 in those of an idle worker."""
DAY_MS = 24 * 3600 * 1000
POINTS = 20_000
"""More intervals than these are not filled with zeros."""
AGGREGATIONS = {"avg": "average", "min": "minimum", "max": "maximum"}
"""Names of the protocol, and the fields of `Bucket` that they mean."""


class WorkerHistory:
    """Takes the numbers of reports and answers for the past."""

    def __init__(self, kernel: Kernel) -> None:
        self._events = kernel.events
        self._statistics = Statistics(kernel, "worker")

    def record(self, company: str, request: StatusRequest) -> None:
        """Take what a report says: whether the worker works, and the numbers of its machine."""
        working = 0.0 if request.task is None else 1.0
        self._statistics.record(_activity(company), clock.epoch_ms(clock.now()), {(ACTIVITY, request.worker): working})
        if request.machine_stats and (numbers := machine_numbers(request.machine_stats)):
            self._statistics.record(Entity("worker", _entity(company, request.worker)), milliseconds(request.timestamp), numbers)

    async def activity_report(self, company: str, request: PeriodRequest) -> Document:
        """How many workers reported and how many of them worked, by interval."""
        rows = await self._activity(company, request)
        total, active = dict[int, int](), dict[int, int]()
        for row in rows:
            for start, most in zip(row.starts.tolist(), row.maxima.tolist(), strict=True):
                total[start] = total.get(start, 0) + 1
                active[start] = active.get(start, 0) + int(most > 0)
        dates = _all_intervals(request, total)
        return {
            "total": {"dates": dates, "counts": [total.get(date, 0) for date in dates]},
            "active": {"dates": dates, "counts": [active.get(date, 0) for date in dates]},
        }

    async def stats(self, company: str, request: StatsRequest) -> Document:
        """Averages, least and greatest values of the machines of workers, by interval."""
        asked = _asked(request.items)
        workers = request.worker_ids or [row.variant for row in await self._activity(company, request)]
        await self._statistics.flush()
        by_entity = {_entity(company, worker): worker for worker in workers}
        rows = await self._events.aggregate(_query(list(by_entity), request, list(asked)))
        found: dict[str, list[Document]] = {worker: [] for worker in workers}
        for (entity, metric, variant), parts in _grouped(rows, split=request.split_by_variant).items():
            found[by_entity[entity]].append(_metric(metric, variant, series_of(parts), asked[metric]))
        return {"workers": [{"worker": worker, "metrics": metrics} for worker, metrics in found.items()]}

    async def metric_keys(self, company: str, workers: Sequence[str]) -> Document:
        """The names of what workers report on their machines, by category; raises 400/1005 when there is nothing."""
        await self._statistics.flush()
        if not workers:
            known = await self._events.series("worker", [_activity(company).id])
            workers = [one.variant for one in known]
        series = await self._events.series("worker", [_entity(company, worker) for worker in workers])
        categories: dict[str, set[str]] = {}
        for one in series:
            categories.setdefault(one.metric.partition("_")[0], set()).add(one.metric)
        if not categories:
            raise ApiError(400, 1005, "No statistics found for the workers", workers=list(workers))
        return {"categories": [{"name": name, "metric_keys": sorted(keys)} for name, keys in sorted(categories.items())]}

    async def forget(self, days: int) -> None:
        """Forget what is older than ``days``."""
        before = clock.epoch_ms(clock.now()) - days * DAY_MS
        await self._events.retain(Retention("worker", before))

    async def close(self) -> None:
        """Store what was collected."""
        await self._statistics.flush()

    async def _activity(self, company: str, request: PeriodRequest) -> list[Aggregate]:
        await self._statistics.flush()
        return await self._events.aggregate(_query([_activity(company).id], request, [ACTIVITY]))


def _activity(company: str) -> Entity:
    return Entity("worker", f"activity/{company}")


def _entity(company: str, worker: str) -> str:
    return f"agent/{company}/{worker}"


def _query(entities: list[str], request: PeriodRequest, metrics: list[str]) -> AggregateQuery:
    start, end = int(request.from_date * 1000), int(request.to_date * 1000) + 1
    return AggregateQuery("worker", entities, start, end, request.interval * 1000, [MetricFilter(metric) for metric in metrics])


def _all_intervals(request: PeriodRequest, counts: dict[int, int]) -> list[int]:
    start, end, step = int(request.from_date * 1000), int(request.to_date * 1000), request.interval * 1000
    if not counts or (end - start) // step > POINTS:
        return sorted(counts)
    return [*range(start, max(end, max(counts) + 1), step)]


def _asked(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The aggregations asked for, by metric; the average unless one is named."""
    asked: dict[str, list[str]] = {}
    for index, item in enumerate(items):
        key, aggregation = item.get("key"), item.get("aggregation") or item.get("category") or "avg"
        if not isinstance(key, str):
            raise validation(f"items[{index}].key", "Expected `str`")
        if aggregation not in AGGREGATIONS:
            raise validation(f"items[{index}].category", f"Invalid enum value {aggregation!r}: one of avg, min, max")
        if aggregation not in asked.setdefault(key, []):
            asked[key].append(aggregation)
    if not asked:
        raise validation("items", "Expected at least one item")
    return asked


def _grouped(rows: list[Aggregate], *, split: bool) -> dict[tuple[str, str, str | None], list[Aggregate]]:
    groups: dict[tuple[str, str, str | None], list[Aggregate]] = {}
    for row in rows:
        groups.setdefault((row.entity, row.metric, row.variant if split else None), []).append(row)
    return groups


def _metric(metric: str, variant: str | None, series: Series, aggregations: list[str]) -> Document:
    told: Document = {"metric": metric}
    if variant is not None:
        told["variant"] = variant
    told["dates"] = list(series)
    told["stats"] = [
        {"aggregation": aggregation, "values": [_value(bucket, aggregation) for bucket in series.values()]}
        for aggregation in aggregations
    ]
    return told


def _value(bucket: Bucket, aggregation: str) -> float:
    value: float = getattr(bucket, AGGREGATIONS[aggregation])
    return value
