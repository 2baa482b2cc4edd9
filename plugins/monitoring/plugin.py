"""The plugin of metrics: collectors for ``/metrics`` and the observer that counts events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from trackyard.core.contracts.events import AppendResult, EventBatch
from trackyard.core.extension import EventObserver
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.plugins import State


class EventCounts:
    """Counts the events that were stored, by their kind."""

    def __init__(self) -> None:
        self.stored = {"scalar": 0, "sample": 0, "log": 0}
        self.batches = 0

    async def after_append(self, batch: EventBatch, result: AppendResult) -> None:
        """See `EventObserver.after_append`."""
        self.batches += 1
        for item in batch.items:
            self.stored["scalar"] += len(item.scalars) if item.scalars is not None else 0
            self.stored["sample"] += len(item.samples)
            self.stored["log"] += len(item.logs)


class ServerCollector:
    """Reads the numbers when Prometheus asks for them."""

    def __init__(self, events: EventCounts) -> None:
        self._events = events
        self.kernel: Kernel | None = None

    def collect(self) -> Iterator[Metric]:
        """All metrics of the server."""
        if self.kernel is not None:
            yield from request_metrics(self.kernel)
            yield from plugin_metrics(self.kernel)
        events = CounterMetricFamily("trackyard_events_stored", "Stored events by kind", labels=["kind"])
        for kind, number in self._events.stored.items():
            events.add_metric([kind], number)
        yield events
        yield CounterMetricFamily("trackyard_event_batches", "Stored batches of events", value=self._events.batches)


def request_metrics(kernel: Kernel) -> Iterator[Metric]:
    """Requests of the API and the time they took; an unknown endpoint has an empty name."""
    requests = CounterMetricFamily("trackyard_requests", "Requests by endpoint and status", labels=["endpoint", "status"])
    seconds = CounterMetricFamily("trackyard_request_seconds", "Seconds that requests took", labels=["endpoint", "status"])
    for (endpoint, status), tally in sorted(kernel.dispatcher.tallies.copy().items()):
        requests.add_metric([endpoint, str(status)], tally.requests)
        seconds.add_metric([endpoint, str(status)], tally.seconds)
    yield requests
    yield seconds


def plugin_metrics(kernel: Kernel) -> Iterator[Metric]:
    """Plugins by state."""
    plugins = GaugeMetricFamily("trackyard_plugins", "Plugins by state", labels=["state"])
    states = [record.state for record in kernel.plugins.records.values()]
    for state in State:
        plugins.add_metric([state], states.count(state))
    yield plugins


class MonitoringPlugin(Plugin):
    """Metrics of the server."""

    name = "monitoring"
    summary = "Metrics for Prometheus"

    def __init__(self, settings: Any) -> None:
        """Counts begin at zero."""
        super().__init__(settings)
        self._events = EventCounts()
        self._collector = ServerCollector(self._events)

    @hookimpl
    def trackyard_metrics(self) -> list[Any]:
        """One collector."""
        return [self._collector]

    @hookimpl
    def trackyard_event_observers(self) -> list[EventObserver]:
        """One observer."""
        return [self._events]

    async def start(self, kernel: Kernel) -> None:
        """The collector reads from the kernel."""
        self._collector.kernel = kernel
