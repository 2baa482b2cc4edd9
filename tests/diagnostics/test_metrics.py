"""Metrics for Prometheus."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from trackyard.core.contracts.events import AppendResult, Entity, EntityEvents, EventBatch, LogRecord
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

Samples = dict[tuple[str, tuple[str, ...]], float]


async def samples(api: Api) -> Samples:
    """The samples of ``/metrics`` by name and the values of their labels."""
    async with api.session.get(f"{api.urls['api']}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in found}


async def test_requests_are_counted_by_endpoint_and_status(tmp_path: Path) -> None:
    async with serving_kernel(tmp_path) as api:
        for _ in range(3):
            await api.call("users.get_current_user")
        await api.ask("users.get_current_user", anonymous=True)
        await api.ask("no.endpoint_of_that_name")
        await api.ask("not/a/path")
        found = await samples(api)
        assert found["trackyard_requests_total", ("users.get_current_user", "200")] == 3
        assert found["trackyard_requests_total", ("users.get_current_user", "401")] == 1
        assert found["trackyard_requests_total", ("", "404")] == 1
        assert found["trackyard_requests_total", ("", "400")] == 1
        assert found["trackyard_request_seconds_total", ("users.get_current_user", "200")] > 0
        assert "no.endpoint_of_that_name" not in str(found)
        assert found["trackyard_plugins", ("failed",)] == 0
        assert found["trackyard_plugins", ("started",)] > 0


async def test_stored_events_are_counted(tmp_path: Path) -> None:
    async with serving_kernel(tmp_path) as api:
        logs = [LogRecord(timestamp=1, level="info", message="m", worker="w") for _ in range(2)]
        batch = EventBatch([EntityEvents(Entity("task", "t"), logs=logs)])
        for observer in api.kernel.plugins.records["monitoring"].provided["trackyard_event_observers"]:
            await observer.after_append(batch, AppendResult(2))
        found = await samples(api)
        assert found["trackyard_events_stored_total", ("log",)] == 2
        assert found["trackyard_events_stored_total", ("scalar",)] == 0
        assert found["trackyard_event_batches_total", ()] == 1
