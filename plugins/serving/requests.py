"""Requests of the service ``serving``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from trackyard.core.protocol.requests import FreeId, Interval, Moment, Request, Timeout

Number = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Metric = Literal[
    "requests",
    "requests_min",
    "latency_ms",
    "cpu_count",
    "gpu_count",
    "cpu_util",
    "gpu_util",
    "ram_total",
    "ram_used",
    "ram_free",
    "gpu_ram_total",
    "gpu_ram_used",
    "gpu_ram_free",
    "network_rx",
    "network_tx",
]


class Reference(msgspec.Struct):
    """What an instance belongs to: an application, a model, a task or a URL."""

    type: Literal["app_id", "app_instance", "model", "task", "url"]
    value: str


class ContainerIdRequest(Request):
    """Names an instance by the id that it chose."""

    container_id: FreeId


class ContainerRequest(ContainerIdRequest, kw_only=True):
    """An instance and what it serves."""

    endpoint_name: str
    endpoint_url: str | None = None
    model_name: str
    model_source: str | None = None
    model_version: str | None = None
    preprocess_artifact: str | None = None
    input_type: str | None = None
    input_size: str | None = None
    reference: list[Reference] = []


class RegisterRequest(ContainerRequest, kw_only=True):
    """An instance that starts: it counts as gone ``timeout`` seconds after its last sign of life."""

    timeout: Timeout = 600


class StatusRequest(ContainerRequest, kw_only=True):
    """What an instance has done: requests in all, requests per minute, latency (ms), and how its machine is."""

    uptime_sec: Number | None = None
    requests_num: Number | None = None
    requests_min: Number | None = None
    latency_ms: Number | None = None
    machine_stats: dict[str, Any] | None = None


class EndpointRequest(Request):
    """Names an endpoint by its URL."""

    endpoint_url: str


class HistoryRequest(EndpointRequest):
    """One metric of an endpoint from ``from_date`` to ``to_date`` (s), by ``interval`` (s); ``instance_charts``: of each too."""

    from_date: Moment
    to_date: Moment
    interval: Interval
    metric_type: Metric = "requests"
    instance_charts: bool = True
