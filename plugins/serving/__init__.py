"""Serving: instances that answer with models, the endpoints they form, and how those did."""

from __future__ import annotations

from typing import Any

from trackyard.core.extension import Job
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Empty, Endpoint
from trackyard.plugins.serving import instances
from trackyard.plugins.serving import requests as r
from trackyard.plugins.serving.service import ServingService

HOUR = 3600.0


class ServingPlugin(Plugin):
    """The service ``serving``."""

    name = "serving"
    summary = "Serving: instances that answer with models, and their endpoints"

    def __init__(self, settings: Any) -> None:
        """The service answers from `start` on."""
        super().__init__(settings)
        self._service = ServingService()
        self._started = False

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        one = self._service
        return [
            Endpoint("serving.register_container", one.register_container, r.RegisterRequest, writes=True),
            Endpoint("serving.unregister_container", one.unregister_container, r.ContainerIdRequest, writes=True),
            Endpoint("serving.container_status_report", one.container_status_report, r.StatusRequest, writes=True),
            Endpoint("serving.get_endpoints", one.get_endpoints, Empty),
            Endpoint("serving.get_loading_instances", one.get_loading_instances, Empty),
            Endpoint("serving.get_endpoint_details", one.get_endpoint_details, r.EndpointRequest),
            Endpoint("serving.get_endpoint_metrics_history", one.get_endpoint_metrics_history, r.HistoryRequest),
        ]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """Forget instances that are gone."""
        return [Job("forget instances that are gone", HOUR, _forget)]

    async def start(self, kernel: Kernel) -> None:
        """Begin to take reports."""
        self._service.start(kernel)
        self._started = True

    async def stop(self) -> None:
        """Store what was collected."""
        if self._started:
            await self._service.history.close()


async def _forget(kernel: Kernel) -> None:
    await kernel.metadata.write(instances.forget_gone)
