"""Numbers and texts that nobody means are refused, or left out, and break nothing for others."""

import math
from typing import Any

import pytest

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGE = [math.nan, math.inf, -math.inf, 1e300, 10**400]


@pytest.mark.parametrize("number", STRANGE, ids=str)
async def test_times(server: Server, number: float) -> None:
    assert await server.refusal("workers.status_report", worker="w:0", timestamp=number) == (400, 12)
    for name, more in (("workers.get_stats", {"items": [{"key": "x"}]}), ("workers.get_activity_report", {})):
        assert await server.refusal(name, from_date=number, to_date=1, interval=1, **more) == (400, 12)
        assert await server.refusal(name, from_date=0, to_date=number, interval=1, **more) == (400, 12)
    assert await server.refusal("queues.get_queue_metrics", from_date=0, to_date=number, interval=1) == (400, 12)


@pytest.mark.parametrize(
    "fields", [{"timeout": 10**12}, {"timeout": -1}, {"worker": "\ud800"}, {"worker": "a\x00"}, {"worker": "x" * 600}]
)
async def test_registrations(server: Server, fields: dict[str, Any]) -> None:
    assert await server.refusal("workers.register", **{"worker": "w:0", **fields}) == (400, 12)
    assert await server.refusal("workers.get_all", last_seen=10**12) == (400, 12)
    assert isinstance((await server.call("workers.get_all"))["workers"], list)


async def test_machine_statistics(server: Server) -> None:
    strange = {"\ud800": 1, "a b": 1, "": 1, "x" * 65: 1, "cpu_usage": [*STRANGE, "1", None, True, {}], "memory_used": {}}
    await server.call("workers.status_report", worker="strange:0", timestamp=1, machine_stats=strange)
    assert await server.refusal("workers.get_metric_keys", worker_ids=["strange:0"]) == (400, 1005)
    await server.call("workers.status_report", worker="strange:0", timestamp=1, machine_stats={**strange, "gpu_usage": 5})
    found = await server.call("workers.get_metric_keys", worker_ids=["strange:0"])
    assert found["categories"] == [{"name": "gpu", "metric_keys": ["gpu_usage"]}]


@pytest.mark.parametrize("number", STRANGE, ids=str)
async def test_instances(server: Server, number: float) -> None:
    facts = {"container_id": "c", "endpoint_name": "e", "model_name": "m", "endpoint_url": "u"}
    for field in ("uptime_sec", "requests_num", "requests_min", "latency_ms"):
        assert await server.refusal("serving.container_status_report", **facts, **{field: number}) == (400, 12)
    assert await server.call("serving.get_endpoints") == {"endpoints": []}
