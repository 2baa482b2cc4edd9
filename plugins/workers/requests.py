"""Requests of the service ``workers``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from trackyard.core.protocol.requests import FreeId, Interval, Moment, Request, Timeout

Span = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]


class WorkerRequest(Request):
    """Names a worker by the id that it chose."""

    worker: FreeId


class RegisterRequest(WorkerRequest):
    """A worker that starts: it counts as gone ``timeout`` seconds after its last sign of life."""

    timeout: Timeout = 600
    queues: list[str] = []
    tags: list[str] = []
    system_tags: list[str] = []


class StatusRequest(WorkerRequest):
    """What a worker does now. Without ``task`` it is idle; lists that are left out stay as they were."""

    timestamp: Annotated[float, msgspec.Meta(ge=0, le=1e14)]
    task: str | None = None
    queue: str | None = None
    queues: list[str] | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    machine_stats: dict[str, Any] | None = None


class FilterRequest(Request):
    """Which workers: seen in the last ``last_seen`` seconds (0: all that are alive), with tags, of a name like ``gpu*``."""

    last_seen: Span = 3600
    tags: list[str] = []
    system_tags: list[str] = []
    worker_pattern: str | None = None


class CountRequest(FilterRequest):
    """As `FilterRequest`, of all workers that are alive unless ``last_seen`` is given."""

    last_seen: Span = 0


class PeriodRequest(Request):
    """From ``from_date`` to ``to_date`` (seconds since 1970), by ``interval`` (s)."""

    from_date: Moment
    to_date: Moment
    interval: Interval


class MetricKeysRequest(Request):
    """Of which workers; without ids of all."""

    worker_ids: list[str] = []


class StatsRequest(PeriodRequest):
    """Statistics of workers: ``items`` are ``{key, aggregation}`` (or ``category``, as clients name it)."""

    items: list[dict[str, Any]]
    worker_ids: list[str] = []
    split_by_variant: bool = False
