"""Workers: agents that register, report what they do and how their machines are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from trackyard.core.extension import Job
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.version import Version
from trackyard.plugins.workers import requests as r
from trackyard.plugins.workers.service import WorkerService

V2_4 = Version(2, 4)
HOUR = 3600.0


class WorkersSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the workers."""

    statistics_days: Annotated[int, msgspec.Meta(ge=1, description="Days for which statistics of workers are kept")] = 60


class WorkersPlugin(Plugin):
    """The service ``workers``."""

    name = "workers"
    summary = "Workers: agents that register, report what they do and how their machines are"
    settings_type = WorkersSettings

    def __init__(self, settings: Any) -> None:
        """The service answers from `start` on."""
        super().__init__(settings)
        self._service = WorkerService()
        self._started = False

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        one = self._service
        return [
            Endpoint("workers.register", one.register, r.RegisterRequest, writes=True, min_version=V2_4),
            Endpoint("workers.unregister", one.unregister, r.WorkerRequest, writes=True, min_version=V2_4),
            Endpoint("workers.status_report", one.status_report, r.StatusRequest, writes=True, min_version=V2_4),
            Endpoint("workers.get_all", one.get_all, r.FilterRequest, min_version=V2_4),
            Endpoint("workers.get_count", one.get_count, r.CountRequest),
            Endpoint("workers.get_stats", one.get_stats, r.StatsRequest, min_version=V2_4),
            Endpoint("workers.get_metric_keys", one.get_metric_keys, r.MetricKeysRequest, min_version=V2_4),
            Endpoint("workers.get_activity_report", one.get_activity_report, r.PeriodRequest, min_version=V2_4),
        ]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """Forget workers that are gone, and old statistics."""
        return [Job("forget workers that are gone", HOUR, self._forget)]

    async def start(self, kernel: Kernel) -> None:
        """Begin to take reports."""
        self._service.start(kernel)
        self._started = True

    async def stop(self) -> None:
        """Write what was collected."""
        if self._started:
            await self._service.book.close()
            await self._service.history.close()

    async def _forget(self, kernel: Kernel) -> None:
        await self._service.book.forget_gone()
        await self._service.history.forget(self.settings.statistics_days)
