"""Lengths of queues and waiting times over time."""

import time
from typing import Any

import pytest
from trackyard.core.contracts.events import Entity
from trackyard.core.statistics import Statistics

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def metrics(server: Server, *queues: str, refresh: bool = True) -> list[dict[str, Any]]:
    moment = time.time()
    span = {"from_date": moment - 3600, "to_date": moment + 3600, "interval": 7200}
    found = await server.call("queues.get_queue_metrics", queue_ids=list(queues), refresh=refresh, **span)
    return list(found["queues"])


async def test_queues_are_measured(server: Server) -> None:
    long, _ = await server.filled_queue("long queue", 3)
    empty = await server.queue("empty queue")
    first, second = await metrics(server, long, empty)
    assert (first["queue"], first["queue_lengths"]) == (long, [3])
    assert first["avg_waiting_times"][0] >= 0
    assert first["dates"][0] > 1_000_000_000_000, "the times of points are milliseconds"
    assert second == {"queue": empty, "dates": [], "avg_waiting_times": [], "queue_lengths": []}
    await server.call("queues.get_next_task", queue=long)
    assert (await metrics(server, long))[0]["queue_lengths"] == [3], "of one interval the greatest length is told"


async def test_all_queues_together(server: Server) -> None:
    await server.filled_queue("one of all", 2)
    (together,) = await metrics(server)
    assert together["queue"] == "all"
    assert together["queue_lengths"][0] >= 2


async def test_unknown_queues_are_left_out(server: Server) -> None:
    assert await metrics(server, "0" * 32) == []


async def test_the_interval_is_at_least_a_second(server: Server) -> None:
    assert await server.refusal("queues.get_queue_metrics", from_date=0, to_date=1, interval=0) == (400, 12)


async def test_an_emptied_queue_is_measured_once_more(server: Server) -> None:
    queue, _ = await server.filled_queue("emptied", 1)
    await metrics(server, queue)
    await server.call("queues.clear_queue", queue=queue)
    await metrics(server, queue)
    last = await server.kernel.events.latest("queue", [queue])
    assert [(points.metric, points.values.tolist()) for points in last] == [("avg_waiting_time", [0.0]), ("queue_length", [0.0])]


async def test_old_lengths_are_forgotten(server: Server) -> None:
    queue = await server.queue("of long ago")
    long_ago = int(time.time() * 1000) - 181 * 24 * 3600 * 1000
    statistics = Statistics(server.kernel, "test")
    statistics.record(Entity("queue", queue), long_ago, {("queue_length", ""): 5.0})
    await statistics.flush()
    for job in server.kernel.plugins.provided("jobs"):
        if job.name == "forget old queue lengths":
            await job.run(server.kernel)
    assert await server.kernel.events.series("queue", [queue]) == []
