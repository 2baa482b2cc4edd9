"""What workers did and how their machines were, over time."""

import time
from typing import Any

import pytest
from trackyard.core.contracts.events import Entity

from tests.queues.server import Server
from tests.workers.test_reports import report

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = 1_700_000_000
"""A moment in the past, in seconds: reports carry the time of the machine."""


async def numbers(server: Server, worker: str, after: float, **machine_stats: Any) -> None:
    await report(server, worker, timestamp=int((START + after) * 1000), machine_stats=machine_stats)


async def stats(server: Server, **fields: Any) -> Any:
    span = {"from_date": START, "to_date": START + 60, "interval": 30}
    return (await server.call("workers.get_stats", **{**span, **fields}))["workers"]


async def test_statistics_by_interval(server: Server) -> None:
    await numbers(server, "stat:0", 1, cpu_usage=[10, 30], memory_used=100.0, disk_write=None, text="no number")
    await numbers(server, "stat:0", 2, cpu_usage=[20, 40.0], memory_used=300.0)
    await numbers(server, "stat:0", 40, cpu_usage=[50, 50])
    items = [{"key": "cpu_usage"}, {"key": "cpu_usage", "category": "max"}, {"key": "memory_used", "aggregation": "min"}]
    assert await stats(server, worker_ids=["stat:0"], items=items) == [
        {
            "worker": "stat:0",
            "metrics": [
                {
                    "metric": "cpu_usage",
                    "dates": [START * 1000, START * 1000 + 30_000],
                    "stats": [
                        {"aggregation": "avg", "values": [25.0, 50.0]},
                        {"aggregation": "max", "values": [40.0, 50.0]},
                    ],
                },
                {"metric": "memory_used", "dates": [START * 1000], "stats": [{"aggregation": "min", "values": [100.0]}]},
            ],
        }
    ]


async def test_statistics_by_device(server: Server) -> None:
    await numbers(server, "devices:0", 1, gpu_usage=[1, 2])
    (found,) = await stats(server, worker_ids=["devices:0"], items=[{"key": "gpu_usage"}], split_by_variant=True)
    assert [(one["variant"], one["stats"][0]["values"]) for one in found["metrics"]] == [("0", [1.0]), ("1", [2.0])]


async def test_statistics_of_workers_that_are_not_named(server: Server) -> None:
    moment = time.time()
    await report(server, "unnamed:0", timestamp=moment * 1000, machine_stats={"cpu_usage": [5]})
    found = await stats(server, from_date=moment - 600, to_date=moment + 600, items=[{"key": "cpu_usage"}])
    assert "unnamed:0" in {one["worker"] for one in found}
    assert await stats(server, worker_ids=["never:seen"], items=[{"key": "cpu_usage"}]) == [
        {"worker": "never:seen", "metrics": []}
    ]


async def test_times_in_seconds_are_understood(server: Server) -> None:
    await report(server, "seconds:0", timestamp=START + 5, machine_stats={"cpu_usage": [7]})
    (found,) = await stats(server, worker_ids=["seconds:0"], items=[{"key": "cpu_usage"}])
    assert found["metrics"][0]["stats"][0]["values"] == [7.0]


@pytest.mark.parametrize("items", [[], [{"key": 1}], [{"key": "cpu_usage", "category": "median"}], [{}], 5])
async def test_malformed_items(server: Server, items: Any) -> None:
    span = {"from_date": START, "to_date": START + 60, "interval": 30}
    assert await server.refusal("workers.get_stats", items=items, **span) == (400, 12)
    assert await server.refusal("workers.get_stats", items=[{"key": "x"}], **{**span, "interval": 0}) == (400, 12)


async def test_metric_keys(server: Server) -> None:
    assert await server.refusal("workers.get_metric_keys", worker_ids=["never:seen"]) == (400, 1005)
    await numbers(server, "keys:0", 1, cpu_usage=[1], cpu_temperature=[2], gpu_memory_used=[3], memory_free=4)
    assert await server.call("workers.get_metric_keys", worker_ids=["keys:0"]) == {
        "categories": [
            {"name": "cpu", "metric_keys": ["cpu_temperature", "cpu_usage"]},
            {"name": "gpu", "metric_keys": ["gpu_memory_used"]},
            {"name": "memory", "metric_keys": ["memory_free"]},
        ]
    }
    everything = await server.call("workers.get_metric_keys")
    assert {"cpu", "gpu", "memory"} <= {one["name"] for one in everything["categories"]}


async def test_activity(server: Server) -> None:
    moment = time.time()
    span = {"from_date": moment - 7200, "to_date": moment + 3600, "interval": 7200}
    before = await server.call("workers.get_activity_report", **span)
    await report(server, "active:0", task=await server.task())
    await report(server, "active:1")
    await report(server, "active:1")
    after = await server.call("workers.get_activity_report", **span)
    first = int((moment - 7200) * 1000)
    assert after["total"]["dates"] == after["active"]["dates"] == [first, first + 7_200_000]

    def sums(found: Any) -> list[int]:
        return [sum(found[name]["counts"]) for name in ("total", "active")]

    assert [new - old for new, old in zip(sums(after), sums(before), strict=True)] == [2, 1]


async def test_old_statistics_are_forgotten(server: Server) -> None:
    await numbers(server, "old:0", 1, cpu_usage=[1])
    entity = Entity("worker", f"agent/{server.identity.company}/old:0")
    assert await server.call("workers.get_metric_keys", worker_ids=["old:0"])
    for job in server.kernel.plugins.provided("jobs"):
        if job.name == "forget workers that are gone":
            await job.run(server.kernel)
    assert await server.kernel.events.series("worker", [entity.id]) == []
