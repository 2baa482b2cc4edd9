"""One noisy task, and everybody else."""

import asyncio
import threading

import pytest
from trackyard.core.contracts.events import EventStore
from trackyard.storage_backends.events_embedded import writer
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

from tests.events.server import TIME, Server, log, scalar

DEADLINE = 120

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def held(store: EventStore, gate: threading.Event) -> EmbeddedEventStore:
    """The store with a writer that stands still until the gate opens, as at a slow disk."""
    assert isinstance(store, EmbeddedEventStore)
    await store.settle()  # else the compactor's jobs would stand in the queue as well
    store._writer.submit(lambda connection: gate.wait(DEADLINE))
    while store._writer._waiting:
        await asyncio.sleep(0)
    return store


async def test_a_noisy_task_is_refused_before_it_delays_others(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy, quiet = await server.task("noisy"), await server.task("quiet")
    monkeypatch.setattr(writer, "MAX_OWNER_BYTES", 4000)
    gate = threading.Event()
    store = await held(server.api.kernel.events, gate)
    try:
        batch = [scalar(noisy, "loss", "train", iteration, 1.0) for iteration in range(100)]
        flood = [asyncio.create_task(server.report(batch)) for _ in range(12)]
        answered, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE)
        answer = answered.pop().result()
        assert (answer.codes, answer.headers["Retry-After"]) == ((429, 0), "1")
        other = asyncio.create_task(server.report([log(quiet, "still here", TIME)]))
        while not store._writer._bytes_of[store_key(store, quiet)]:
            assert not other.done(), other.result().meta
            await asyncio.sleep(0)
        await server.call("tasks.ping", task=quiet)
        await server.call("workers.register", worker="host:0")
        await server.call("workers.status_report", worker="host:0", timestamp=TIME)
        async with server.api.session.get(f"{server.api.urls['web']}/login") as page:
            assert page.status == 200
        gate.set()
        assert (await other).codes == (200, 0)
        codes = [(await answer).codes for answer in flood]
        assert set(codes) == {(200, 0), (429, 0)}
    finally:
        gate.set()
    curve = (await server.call("events.scalar_metrics_iter_histogram", task=noisy))["loss"]["train"]
    assert curve["x"] == list(range(100))
    assert (await server.call("events.get_task_log", task=quiet))["total"] == 1


def store_key(store: EmbeddedEventStore, task: str) -> object:
    """Under what the writer counts the bytes of a task."""
    return next((owner for owner in store._writer._bytes_of if getattr(owner, "id", None) == task), None)
