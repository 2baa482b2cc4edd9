"""What the endpoints ``services.*`` are sent."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from trackyard.core.protocol.requests import Request

Seconds = Annotated[float, msgspec.Meta(ge=1, le=600)]


class StartRequest(Request, kw_only=True):
    """Start a service by its name with settings, as a new task; or ``task`` once more, with the settings that it has."""

    name: str = ""
    task: str = ""
    title: str = ""
    queue: str = "services"
    settings: dict[str, Any] = {}


class ServiceTaskRequest(Request, kw_only=True):
    """Names the task of a service."""

    task: str


class ConfigureRequest(ServiceTaskRequest, kw_only=True):
    """New values of some settings; a running service takes them up within seconds."""

    settings: dict[str, Any]


class TakeRequest(Request, kw_only=True):
    """Give a host of services (a worker's name) the next service to run, of those that it does not run already.

    With ``task`` only that one.
    """

    worker: str
    task: str = ""
    running: list[str] = []
    queues: list[str] = msgspec.field(default_factory=lambda: ["services"])


class HeldRequest(ServiceTaskRequest, kw_only=True):
    """From whom the call comes: the holder of the lease, and the fence that it was given."""

    holder: str
    fence: int


class ClaimRequest(ServiceTaskRequest, kw_only=True):
    """Take the lease of a service for some seconds."""

    holder: str
    seconds: Seconds = 30.0


class ReportRequest(HeldRequest, kw_only=True):
    """Keep the lease for some seconds more, and tell how the service stands."""

    seconds: Seconds = 30.0
    status: dict[str, Any] = {}


class SaveRequest(HeldRequest, kw_only=True):
    """Values of the service's state by key; null removes one."""

    values: dict[str, Any]
