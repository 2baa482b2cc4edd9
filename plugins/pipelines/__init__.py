"""Pipelines: start a new run from an old one, delete runs."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.plugins.pipelines.runs import DeleteRequest, StartRequest, delete_runs, start_pipeline


class PipelinesPlugin(Plugin):
    """The service ``pipelines``; a run of a pipeline is a task of the type ``controller``."""

    name = "pipelines"
    summary = "Pipelines: start and delete runs"
    needs = ("tasks",)

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            Endpoint("pipelines.start_pipeline", start_pipeline, StartRequest, writes=True),
            Endpoint("pipelines.delete_runs", delete_runs, DeleteRequest, writes=True),
        ]
