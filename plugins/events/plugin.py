"""The plugin and its table of endpoints."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.extension import Job
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.panels import Panel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint, Handler
from trackyard.core.protocol.requests import Request
from trackyard.core.protocol.version import OLDEST, Version
from trackyard.plugins.events import listing, logs, plots, requests, scalars
from trackyard.plugins.events.deleting import delete_for_model, delete_for_task
from trackyard.plugins.events.ingest import Ingest
from trackyard.plugins.events.keeping import EventsSettings, SpaceRequest, forget_old, get_space
from trackyard.plugins.events.searching import SearchLogsRequest, search_logs
from trackyard.plugins.events.space_page import space_panel
from trackyard.plugins.events.viewer import Viewer


def _read(name: str, handler: Handler, request: type[msgspec.Struct], since: Version = OLDEST) -> Endpoint[Any]:
    return Endpoint(f"events.{name}", handler, request, min_version=since, reply=dict[str, Any])


def _write(name: str, handler: Handler, request: type[msgspec.Struct], *, batch: bool = False) -> Endpoint[Any]:
    return Endpoint(f"events.{name}", handler, request, reply=dict[str, Any], writes=True, batch=batch)


READING = [
    _read("scalar_metrics_iter_histogram", scalars.scalar_metrics_iter_histogram, requests.ScalarsRequest),
    _read(
        "multi_task_scalar_metrics_iter_histogram", scalars.multi_task_scalar_metrics_iter_histogram, requests.MultiScalarsRequest
    ),
    _read("scalar_metrics_iter_raw", scalars.scalar_metrics_iter_raw, requests.RawScalarsRequest, Version(2, 16)),
    _read("get_scalar_metric_data", scalars.get_scalar_metric_data, requests.ScalarDataRequest),
    _read("get_task_single_value_metrics", scalars.get_task_single_value_metrics, requests.SingleValuesRequest),
    _read("get_task_latest_scalar_values", scalars.get_task_latest_scalar_values, requests.TaskRequest),
    _read("get_scalar_metrics_and_variants", scalars.get_scalar_metrics_and_variants, requests.TaskRequest),
    _read("get_vector_metrics_and_variants", scalars.get_vector_metrics_and_variants, requests.TaskRequest),
    _read("vector_metrics_iter_histogram", scalars.vector_metrics_iter_histogram, requests.VectorRequest),
    _read("get_task_metrics", scalars.get_task_metrics, requests.TaskMetricsRequest),
    _read("get_multi_task_metrics", scalars.get_multi_task_metrics, requests.MultiMetricsRequest),
    _read("get_task_events", listing.get_task_events, requests.TaskEventsRequest),
    _read("get_task_log", logs.get_task_log, requests.LogRequest),
    _read("get_task_plots", plots.get_task_plots, requests.TaskPlotsRequest),
    _read("get_multi_task_plots", plots.get_multi_task_plots, requests.MultiPlotsRequest),
    _read("search_logs", search_logs, SearchLogsRequest),
    _read("get_space", get_space, SpaceRequest),
    Endpoint("events.download_task_log", logs.download_task_log, requests.DownloadLogRequest, raw_reply=True),
]
DELETING = [
    _write("delete_for_task", delete_for_task, requests.DeleteTaskRequest),
    _write("delete_for_model", delete_for_model, requests.DeleteModelRequest),
    _write("clear_task_log", logs.clear_task_log, requests.ClearLogRequest),
]


RETENTION_SECONDS = 6 * 3600.0


class EventsPlugin(Plugin):
    """The service ``events``."""

    name = "events"
    summary = "Scalars, logs, plots and samples: taking and showing them"
    settings_type = EventsSettings
    settings: EventsSettings

    def __init__(self, settings: Any) -> None:
        """Nothing is taken before `start`."""
        super().__init__(settings)
        self._ingest: Ingest | None = None
        self._images = plots.Iterations("training_debug_image")
        self._plots = plots.Iterations("plot")
        self._image_viewer = Viewer("training_debug_image", by_variant=True)
        self._plot_viewer = Viewer("plot", by_variant=False)

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            *READING,
            *DELETING,
            _write("add", self._add, Request),
            _write("add_batch", self._add_batch, Request, batch=True),
            _read("debug_images", self._images.page, requests.SamplesRequest, Version(2, 7)),
            _read("plots", self._plots.page, requests.SamplesRequest),
            _read("get_debug_image_sample", self._image_viewer.get, requests.ImageSampleRequest, Version(2, 12)),
            _read("next_debug_image_sample", self._image_viewer.next, requests.NextSampleRequest, Version(2, 12)),
            _read("get_plot_sample", self._plot_viewer.get, requests.PlotSampleRequest),
            _read("next_plot_sample", self._plot_viewer.next, requests.NextSampleRequest),
            _read("clear_scroll", self._clear_scroll, requests.ClearScrollRequest, Version(2, 18)),
        ]

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """What events cost."""
        return [space_panel(self.settings)]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """Forgetting what is older than the settings allow."""
        return [Job("event retention", RETENTION_SECONDS, self._forget_old)]

    async def start(self, kernel: Kernel) -> None:
        """Take events from now on."""
        self._ingest = Ingest(kernel)

    async def stop(self) -> None:
        """Finish what was taken."""
        if self._ingest is not None:
            await self._ingest.close()

    async def _add(self, call: Call, request: Request) -> dict[str, Any]:
        return await self._started().add(call, request)

    async def _add_batch(self, call: Call, request: Request) -> dict[str, Any]:
        return await self._started().add_batch(call, request)

    async def _forget_old(self, kernel: Kernel) -> None:
        await forget_old(kernel, self.settings)

    def _started(self) -> Ingest:
        if self._ingest is None:
            raise RuntimeError("the events plugin was not started")
        return self._ingest

    async def _clear_scroll(self, call: Call, request: requests.ClearScrollRequest) -> dict[str, Any]:
        """Forget a scroll; most need no remembering."""
        for keeper in (self._images, self._plots, self._image_viewer, self._plot_viewer):
            keeper.drop(request.scroll_id)
        return {}
