"""The service ``pipeline``: runs the steps of a pipeline as clones of tasks, and keeps how they stand in its store."""

from __future__ import annotations

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.services import ServiceOffer
from trackyard.plugins.pipeline_controller.controller import PipelineController
from trackyard.plugins.pipeline_controller.settings import PipelineSettings


class PipelineControllerPlugin(Plugin):
    """The service that runs pipelines."""

    name = "pipeline-controller"
    summary = "A service that runs a graph of steps, each a clone of a task"
    settings_type = PipelineSettings
    settings: PipelineSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """One service."""
        return [ServiceOffer(PipelineController, self.settings)]
