"""The plugin: it starts a schedule of all jobs, and tells how they went."""

from __future__ import annotations

from trackyard.core.extension import Health, HealthCheck
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.plugins.jobs.schedule import Schedule


class JobsPlugin(Plugin):
    """Runs the jobs of all plugins while the server runs."""

    name = "jobs"
    summary = "Runs the recurring work of the server"

    def __init__(self, settings: object) -> None:
        super().__init__(settings)
        self.schedule: Schedule | None = None

    async def start(self, kernel: Kernel) -> None:
        """Start the schedule; each job runs for the first time after its interval."""
        self.schedule = Schedule(kernel, kernel.plugins.provided("jobs"))
        self.schedule.start()

    async def stop(self) -> None:
        """Cancel what runs, and let other servers take over."""
        if self.schedule is not None:
            await self.schedule.stop()

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """Whether the last run of every job went well."""
        return [HealthCheck("jobs", self._check, critical=False)]

    async def _check(self, kernel: Kernel) -> Health:
        if self.schedule is None:
            return Health(False, "the schedule did not start")
        failed = [f"{name}: {error}" for name, error in sorted(self.schedule.failures.items())]
        return Health(not failed, "; ".join(failed) or f"{len(self.schedule.jobs)} jobs")
