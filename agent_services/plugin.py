"""The plugin that offers the runtimes, the command ``trackyard agent``, and the agent beside the server."""

from __future__ import annotations

from typing import Any

from trackyard.agent_services import command
from trackyard.agent_services.beside import run_beside
from trackyard.agent_services.docker_runtime import DockerRuntime
from trackyard.agent_services.kubernetes_runtime import KubernetesRuntime
from trackyard.agent_services.process_runtime import ProcessRuntime
from trackyard.agent_services.services_host import HostHere
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.cli.command import Command
from trackyard.core.extension import TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin


class AgentServicesPlugin(Plugin):
    """The services agent."""

    name = "agent_services"
    summary = "Runs every task of the services queue in a container of its own"
    settings_type = AgentSettings
    settings: AgentSettings

    def __init__(self, settings: AgentSettings) -> None:
        super().__init__(settings)
        self._here = HostHere()

    @hookimpl
    def trackyard_task_runtimes(self) -> list[Any]:
        """Docker containers, Jobs of a cluster, and plain processes."""
        processes = ProcessRuntime(command.state_folder(), self.settings.variables)
        return [DockerRuntime(self.settings), KubernetesRuntime(self.settings), processes]

    async def start(self, kernel: Kernel) -> None:
        """Start an agent beside the server, if it is switched on; else services run here."""
        if self.settings.enabled:
            kernel.spawn(run_beside(kernel), "services agent")
        elif self.settings.services:
            self._here.start(kernel)

    async def stop(self) -> None:
        """Leave services that run here to the next start."""
        await self._here.stop()

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """The host of services looks when something is enqueued."""
        return [self._here]

    @hookimpl
    def trackyard_commands(self) -> list[Command]:
        """``trackyard agent``."""
        return [command.COMMAND]
