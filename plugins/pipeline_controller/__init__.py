"""The pipeline controller: a service that runs a graph of steps, each a clone of a task."""

from trackyard.plugins.pipeline_controller.plugin import PipelineControllerPlugin

__all__ = ["PipelineControllerPlugin"]
