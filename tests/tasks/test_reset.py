"""Reset: the results go, the inputs stay."""

from __future__ import annotations

from typing import Any

import pytest
from trackyard.core import clock
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, EventStoreError, LogQuery, LogRecord, Sample
from trackyard.plugins.tasks.deletions import finish_resets

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARTIFACTS = [
    {"key": "made", "type": "dict", "uri": "http://127.0.0.1:8081/made"},
    {"key": "given", "type": "dict", "uri": "http://127.0.0.1:8081/given", "mode": "input"},
]
IMAGE = "http://127.0.0.1:8081/image.jpeg"


async def report(board: Board, task: str) -> None:
    """A log record and a debug image."""
    image = Sample("training_debug_image", "metric", "variant", 1, 1000, key="k", text=IMAGE)
    events = EntityEvents(Entity("task", task), samples=[image], logs=[LogRecord(1000, "info", "host", "hello")])
    await board.kernel.events.append(EventBatch([events]))


async def has_events(board: Board, task: str) -> bool:
    """Whether the log of the task holds anything."""
    return bool((await board.kernel.events.logs(LogQuery(Entity("task", task)))).records)


async def finished_task(board: Board) -> tuple[str, str]:
    """A completed task with everything in it, and its draft model."""
    task = await board.make(
        hyperparams={"Args": {"a": {"value": "1"}}},
        configuration={"c": {"value": "x"}},
        container={"image": "i"},
        script={"entry_point": "a.py"},
        tags=["t"],
        output_dest="s3://bucket",
    )
    model, given = await board.make_model(task=task, uri="http://127.0.0.1:8081/model.bin"), await board.make_model()
    await board.call("started", task=task)
    await board.call("edit", task=task, force=True, execution={"artifacts": ARTIFACTS, "framework": "f"}, runtime={"a": 1})
    await board.call("add_or_update_model", task=task, name="out", model=model, type="output", iteration=5)
    await board.call("add_or_update_model", task=task, name="in", model=given, type="input")
    await board.call("update", task=task, output__error="broke")
    await board.write(task, last_worker="host:0", active_duration=7, last_metrics=metrics(), metric_stats={"x": {}})
    await report(board, task)
    await board.call("completed", task=task, status_message="done")
    return task, model


def metrics() -> dict[str, Any]:
    """A ``last_metrics`` document with one variant."""
    return {"h": {"h": {"metric": "loss", "variant": "train", "value": 1.0, "count": 1}}}


async def test_reset_throws_results_away(board: Board) -> None:
    """And says what it did."""
    task, model = await finished_task(board)
    answer = await board.call("reset", task=task, return_file_urls=True, status_message="of no interest")
    found = await board.read(task)
    assert (found["status"], found["status_reason"], found["status_message"]) == ("created", "reset", "reset")
    assert {"started", "completed", "published", "active_duration", "last_worker", "last_worker_report"}.isdisjoint(found)
    empty = ("last_metrics", "metric_stats", "runtime")
    assert [found[name] for name in empty] == [{}, {}, {}]
    assert (found["unique_metrics"], found["last_iteration"]) == ([], 0)
    assert found["models"]["output"] == []
    assert found["output"] == {"destination": "s3://bucket"}
    assert [item["key"] for item in found["execution"]["artifacts"]] == ["given"]
    assert await board.read_model(model) is None
    assert not await has_events(board, task)
    assert (answer["updated"], answer["deleted_models"], answer["dequeued"]) == (1, 1, {})
    assert answer["urls"] == {
        "model_urls": ["http://127.0.0.1:8081/model.bin"],
        "event_urls": [IMAGE],
        "artifact_urls": ["http://127.0.0.1:8081/made"],
    }


async def test_reset_keeps_inputs(board: Board) -> None:
    """Everything that the next run needs."""
    task, _ = await finished_task(board)
    before = await board.read(task)
    answer = await board.call("reset", task=task)
    after = await board.read(task)
    for field in ("hyperparams", "configuration", "container", "script", "tags", "name", "type", "created"):
        assert after[field] == before[field]
    assert after["models"]["input"] == before["models"]["input"]
    assert after["execution"]["framework"] == "f"
    assert answer["urls"] == {}


async def test_clear_all_forgets_code_too(board: Board) -> None:
    """Execution and script as in a new task."""
    task, _ = await finished_task(board)
    await board.call("reset", task=task, clear_all=True)
    found, new = await board.read(task), await board.read(await board.make())
    assert (found["execution"], found["script"]) == (new["execution"], new["script"])
    assert found["hyperparams"]


async def test_models_can_stay(board: Board) -> None:
    """Those that were published do in any case."""
    task, model = await finished_task(board)
    assert (await board.call("reset", task=task, delete_output_models=False))["deleted_models"] == 0
    assert (await board.read_model(model) or {})["task"] == task
    task, _ = await finished_task(board)
    ready = await board.make_model(task=task, ready=True)
    assert (await board.call("reset", task=task))["deleted_models"] == 1
    assert await board.read_model(ready) is not None


async def test_a_queued_task_leaves_its_queue(board: Board) -> None:
    """Whatever queue that is."""
    queue = await board.make_queue("reset queue")
    task = await board.make()
    await board.call("enqueue", task=task, queue=queue)
    await board.call("reset", task=task)
    assert await board.waiting(queue) == []
    assert "queue" not in (await board.read(task))["execution"]


async def test_reset_many(board: Board) -> None:
    """One by one."""
    queue = await board.make_queue("reset many queue")
    queued, published = await board.make(), await board.make("published")
    await board.call("enqueue", task=queued, queue=queue)
    answer = await board.call("reset_many", ids=[queued, published], return_file_urls=True)
    done = answer["succeeded"][0]
    assert (done["id"], done["dequeued"], done["updated"], done["deleted_models"]) == (queued, True, 1, 0)
    assert done["urls"] == {"model_urls": [], "event_urls": [], "artifact_urls": []}
    assert [(item["id"], item["error"]["codes"]) for item in answer["failed"]] == [(published, [400, 110])]


async def cut_off_reset(board: Board, monkeypatch: pytest.MonkeyPatch) -> str:
    """A task whose reset was cut off between the change of the task and the removal of its events."""
    task, _ = await finished_task(board)

    async def fail(*_: object) -> None:
        raise EventStoreError("the server was killed here")

    with monkeypatch.context() as patch:
        patch.setattr(board.kernel.events, "delete", fail)
        with pytest.raises(EventStoreError):
            await board.call("reset", task=task, delete_external_artifacts=False)
    assert await board.status(task) == "created"
    assert await has_events(board, task)
    return task


async def test_a_reset_that_was_cut_off_is_finished_at_the_next_start(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The events go; what the next run reports stays, as the reset is done once."""
    task = await cut_off_reset(board, monkeypatch)
    await finish_resets(board.kernel)
    assert not await has_events(board, task)
    await report(board, task)
    await finish_resets(board.kernel)
    assert await has_events(board, task)


async def test_a_reset_is_finished_though_the_task_runs_again(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server let it run before this one started: only events from before the reset go."""
    task = await cut_off_reset(board, monkeypatch)
    await board.call("started", task=task)
    later = LogRecord(clock.epoch_ms(clock.now()) + 1000, "info", "host", "of the next run")
    await board.kernel.events.append(EventBatch([EntityEvents(Entity("task", task), logs=[later])]))
    await finish_resets(board.kernel)
    records = (await board.kernel.events.logs(LogQuery(Entity("task", task)))).records
    assert [record.message for record in records] == ["of the next run"]


async def test_nothing_is_left_to_do_after_a_reset(board: Board) -> None:
    """The next run's events are safe from the next start."""
    task, _ = await finished_task(board)
    await board.call("reset", task=task)
    await report(board, task)
    await finish_resets(board.kernel)
    assert await has_events(board, task)
