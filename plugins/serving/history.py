"""How the endpoints did over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trackyard.core import clock
from trackyard.core.contracts.events import Aggregate, AggregateQuery, Entity, MetricFilter
from trackyard.core.kernel import Kernel
from trackyard.core.statistics import Bucket, Series, Statistics, machine_numbers, series_of
from trackyard.core.store import Document
from trackyard.plugins.serving.instances import Instance
from trackyard.plugins.serving.requests import HistoryRequest, StatusRequest

POINTS = 1000
"""How many intervals one answer has at most; longer spans get longer intervals."""


@dataclass(frozen=True)
class Chart:
    """How a metric is shown: its title, and whether the numbers of the instances of an endpoint are added up (else their
    average counts). ``counter``: it only rises, so that the greatest number of an interval counts."""

    title: str
    added: bool = True
    counter: bool = False


CHARTS = {
    "requests": Chart("Requests", counter=True),
    "requests_min": Chart("Requests per minute"),
    "latency_ms": Chart("Average latency (ms)", added=False),
    "cpu_count": Chart("CPUs"),
    "gpu_count": Chart("GPUs"),
    "cpu_util": Chart("Average CPU load (%)", added=False),
    "gpu_util": Chart("Average GPU load (%)", added=False),
    "ram_total": Chart("Memory (MB)"),
    "ram_used": Chart("Memory used (MB)"),
    "ram_free": Chart("Memory free (MB)"),
    "gpu_ram_total": Chart("GPU memory (MB)"),
    "gpu_ram_used": Chart("GPU memory used (MB)"),
    "gpu_ram_free": Chart("GPU memory free (MB)"),
    "network_rx": Chart("Network received (MB/s)"),
    "network_tx": Chart("Network sent (MB/s)"),
}


class ServingHistory:
    """Takes the numbers of reports and answers for the past."""

    def __init__(self, kernel: Kernel) -> None:
        self._events = kernel.events
        self._statistics = Statistics(kernel, "serving")

    def record(self, company: str, request: StatusRequest) -> None:
        """Take the numbers of a report."""
        numbers = {(name, ""): value for name, value in report_numbers(request).items()}
        if numbers:
            self._statistics.record(_entity(company, request.container_id), clock.epoch_ms(clock.now()), numbers)

    async def charts(self, company: str, request: HistoryRequest, instances: Sequence[Instance]) -> Document:
        """One metric of the instances by interval, all together and (if asked) each."""
        await self._statistics.flush()
        chart, interval = CHARTS[request.metric_type], _interval(request)
        entities = {_entity(company, one.id).id: one.id for one in instances}
        start, end = int(request.from_date * 1000), int(request.to_date * 1000) + 1
        filters = [MetricFilter(request.metric_type)]
        query = AggregateQuery("worker", list(entities), start, end, interval * 1000, filters)
        by_instance = _by_instance(await self._events.aggregate(query), entities, chart)
        told: Document = {"computed_interval": interval, "total": _curve(chart.title, _together(by_instance, chart))}
        if request.instance_charts:
            told["instances"] = {name: _curve(chart.title, points) for name, points in by_instance.items()}
        return told

    async def close(self) -> None:
        """Store what was collected."""
        await self._statistics.flush()


def report_numbers(request: StatusRequest) -> dict[str, float]:
    """The numbers of a report by the names of the charts; those that it lacks are left out."""
    own = {"requests": request.requests_num, "requests_min": request.requests_min, "latency_ms": request.latency_ms}
    found = {name: float(value) for name, value in own.items() if value is not None}
    parts: dict[str, list[float]] = {}
    for (metric, _), value in machine_numbers(request.machine_stats or {}).items():
        parts.setdefault(metric, []).append(value)
    for kind in ("cpu", "gpu"):
        if loads := parts.get(f"{kind}_usage"):
            found |= {f"{kind}_count": float(len(loads)), f"{kind}_util": sum(loads) / len(loads)}
    for name, stored in (("ram", "memory"), ("gpu_ram", "gpu_memory")):
        found |= {f"{name}_{part}": sum(parts[f"{stored}_{part}"]) for part in ("used", "free") if f"{stored}_{part}" in parts}
        if f"{name}_used" in found and f"{name}_free" in found:
            found[f"{name}_total"] = found[f"{name}_used"] + found[f"{name}_free"]
    return found | {name: sum(parts[name]) for name in ("network_rx", "network_tx") if name in parts}


def _entity(company: str, container: str) -> Entity:
    return Entity("worker", f"serving/{company}/{container}")


def _interval(request: HistoryRequest) -> int:
    return max(
        request.interval, int((request.to_date - request.from_date) // POINTS) + 1 if request.to_date > request.from_date else 1
    )


def _by_instance(rows: list[Aggregate], names: dict[str, str], chart: Chart) -> dict[str, dict[int, float]]:
    found = {name: dict[int, float]() for name in names.values()}
    for row in rows:
        series: Series = series_of([row])
        found[names[row.entity]] = {start: _value(bucket, chart) for start, bucket in series.items()}
    return found


def _value(bucket: Bucket, chart: Chart) -> float:
    return bucket.maximum if chart.counter else bucket.average


def _together(by_instance: dict[str, dict[int, float]], chart: Chart) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for points in by_instance.values():
        for start, value in points.items():
            found.setdefault(start, []).append(value)
    return {start: sum(values) / (1 if chart.added else len(values)) for start, values in sorted(found.items())}


def _curve(title: str, points: dict[int, float]) -> Document:
    return {"title": title, "dates": list(points), "values": [round(value, 3) for value in points.values()]}
