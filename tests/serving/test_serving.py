"""Instances that serve models, their endpoints, and how those did."""

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from trackyard.core import clock
from trackyard.core.entities import ServingContainer, table_of

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


def body(container: str, url: str | None, **more: Any) -> dict[str, Any]:
    """What the SDK's router sends: nulls, and keys of its own."""
    facts = {"container_id": container, "endpoint_name": "echo", "model_name": "net", "endpoint_url": url}
    others = {
        "model_source": "Net",
        "model_version": None,
        "preprocess_artifact": None,
        "input_type": "str",
        "input_size": "None",
    }
    reference = [{"type": "task", "value": "t1"}, {"type": "url", "value": "http://m"}]
    return {**facts, **others, "tags": None, "system_tags": {}, "reference": reference, "method": "get", **more}


async def report(server: Server, container: str, url: str, **more: Any) -> None:
    numbers = {"uptime_sec": 10, "requests_num": 4, "requests_min": 2, "latency_ms": 1.5}
    await server.call("serving.container_status_report", **body(container, url, **{**numbers, **more}))


async def endpoint(server: Server, url: str) -> dict[str, Any] | None:
    found = (await server.call("serving.get_endpoints"))["endpoints"]
    return next((one for one in found if one["url"] == url), None)


async def loading(server: Server, container: str) -> dict[str, Any] | None:
    found = (await server.call("serving.get_loading_instances"))["instances"]
    return next((one for one in found if one["id"] == container), None)


async def test_an_instance_is_loading_until_it_reports(server: Server) -> None:
    assert await server.call("serving.register_container", **body("load-1", None, timeout=60)) == {}
    found = await loading(server, "load-1")
    assert found is not None
    assert {name: found[name] for name in ("endpoint", "model", "url", "model_source", "input_type")} == {
        "endpoint": "echo", "model": "net", "url": None, "model_source": "Net", "input_type": "str",
    }  # fmt: skip
    assert found["age_sec"] >= 0
    await report(server, "load-1", "http://load")
    assert await loading(server, "load-1") is None
    assert await endpoint(server, "http://load") is not None


async def test_endpoints_sum_up_their_instances(server: Server) -> None:
    await report(server, "sum-1", "http://sum", uptime_sec=10, requests_num=4, requests_min=2, latency_ms=10)
    await report(server, "sum-2", "http://sum", uptime_sec=30, requests_num=6, requests_min=1, latency_ms=20.0)
    found = await endpoint(server, "http://sum")
    assert found is not None
    assert found.pop("last_update") is not None
    assert found == {
        "endpoint": "echo", "model": "net", "url": "http://sum", "instances": 2,
        "uptime_sec": 30, "requests": 10, "requests_min": 3.0, "latency_ms": 15,
    }  # fmt: skip


async def test_details(server: Server) -> None:
    machine = {"cpu_usage": [1, 2], "gpu_usage": [50.0], "memory_used": 10}
    await report(server, "detail-1", "http://detail", machine_stats=machine)
    found = await server.call("serving.get_endpoint_details", endpoint_url="http://detail")
    assert (found["endpoint"], found["model"], found["url"], found["uptime_sec"]) == ("echo", "net", "http://detail", 10)
    (instance,) = found["instances"]
    assert (instance["id"], instance["cpu_count"], instance["gpu_count"], instance["requests"]) == ("detail-1", 2, 1, 4)
    assert instance["reference"] == [{"type": "task", "value": "t1"}, {"type": "url", "value": "http://m"}]
    assert await server.refusal("serving.get_endpoint_details", endpoint_url="http://nobody") == (400, 1052)


async def test_unregister(server: Server) -> None:
    await report(server, "gone-1", "http://gone")
    assert await server.call("serving.unregister_container", container_id="gone-1") == {}
    assert await endpoint(server, "http://gone") is None
    assert await server.refusal("serving.unregister_container", container_id="gone-1") == (400, 1051)


async def test_a_silent_instance_is_gone_after_its_timeout(server: Server) -> None:
    await server.call("serving.register_container", **body("silent-1", None, timeout=60))
    await report(server, "silent-1", "http://silent")
    table = table_of(ServingContainer)
    moment = clock.now() - timedelta(seconds=61)
    statement = update(table).where(table.c.id == "silent-1").values(last_activity_time=moment)
    await server.kernel.metadata.write(lambda session: session.execute(statement) and None)
    assert await endpoint(server, "http://silent") is None
    for job in server.kernel.plugins.provided("jobs"):
        if job.name == "forget instances that are gone":
            await job.run(server.kernel)
    assert (
        await server.kernel.metadata.read(lambda session: session.execute(select(table.c.id)).scalars().all().count("silent-1"))
        == 0
    )
    await report(server, "silent-1", "http://silent")
    assert await endpoint(server, "http://silent") is not None


async def history(server: Server, url: str, metric: str, **more: Any) -> Any:
    moment = time.time()
    span = {"from_date": moment - 3600, "to_date": moment + 3600, "interval": 7200}
    return await server.call("serving.get_endpoint_metrics_history", endpoint_url=url, metric_type=metric, **{**span, **more})


@pytest.mark.parametrize(
    ("metric", "each", "total"),
    [
        ("requests", 4, 8),
        ("requests_min", 2, 4),
        ("latency_ms", 1.5, 1.5),
        ("cpu_count", 2, 4),
        ("cpu_util", 20, 20),
        ("gpu_count", 1, 2),
        ("gpu_util", 50, 50),
        ("ram_used", 10, 20),
        ("ram_free", 30, 60),
        ("ram_total", 40, 80),
        ("gpu_ram_used", 3, 6),
        ("gpu_ram_free", 4, 8),
        ("gpu_ram_total", 7, 14),
        ("network_rx", 5, 10),
        ("network_tx", 6, 12),
    ],
)
async def test_history(server: Server, metric: str, each: float, total: float) -> None:
    url = f"http://history/{metric}"
    machine = {
        "cpu_usage": [10, 30], "gpu_usage": [50], "memory_used": 10, "memory_free": 30, "gpu_memory_used": [3],
        "gpu_memory_free": [4], "network_rx": 5, "network_tx": 6,
    }  # fmt: skip
    for name in ("a", "b"):
        await report(server, f"history-{metric}-{name}", url, machine_stats=machine)
    found = await history(server, url, metric)
    assert found["computed_interval"] == 7200
    assert found["total"]["values"] == [total]
    assert found["total"]["dates"][0] > 1_000_000_000_000
    assert {name: one["values"] for name, one in found["instances"].items()} == {
        f"history-{metric}-a": [each],
        f"history-{metric}-b": [each],
    }
    assert "instances" not in await history(server, url, metric, instance_charts=False)


async def test_long_spans_get_longer_intervals(server: Server) -> None:
    await report(server, "long-1", "http://long")
    found = await history(server, "http://long", "requests", from_date=0, to_date=10_000_000, interval=1)
    assert found["computed_interval"] == 10_001


@pytest.mark.parametrize("wrong", [{"metric_type": "smell"}, {"interval": 0}, {"from_date": "yesterday"}])
async def test_malformed_history(server: Server, wrong: dict[str, Any]) -> None:
    given = {"endpoint_url": "http://x", "from_date": 0, "to_date": 1, "interval": 1, **wrong}
    assert await server.refusal("serving.get_endpoint_metrics_history", **given) == (400, 12)


@pytest.mark.parametrize("missing", ["container_id", "endpoint_name", "model_name"])
async def test_required_fields(server: Server, missing: str) -> None:
    given = {name: value for name, value in body("c", "http://x").items() if name != missing}
    assert await server.refusal("serving.register_container", **given) == (400, 12)
    assert await server.refusal("serving.container_status_report", **given) == (400, 12)
