"""The plugin that tells what the server is and how it is."""

from __future__ import annotations

from typing import Any

from trackyard.core.extension import HealthCheck
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.plugins.diagnostics.health import checks
from trackyard.plugins.diagnostics.service import ServerService, ensure_uid


class DiagnosticsPlugin(Plugin):
    """``server.*``, ``debug.ping`` and the health of the stores."""

    name = "diagnostics"
    summary = "Version, settings and health of the server"

    def __init__(self, settings: Any) -> None:
        """The service learns the installation's identifier at the start."""
        super().__init__(settings)
        self._service = ServerService()

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """``server.*`` and ``debug.ping``."""
        return self._service.endpoints()

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """One for each store."""
        return checks()

    async def start(self, kernel: Kernel) -> None:
        """Read or make the identifier."""
        self._service.uid = await kernel.metadata.write(ensure_uid)
