"""Taking events, and what they change on their task."""

import asyncio
import json
import math

import pytest
from trackyard.core.contracts.events import StoreBusyError, StoreFullError
from trackyard.core.store import name_hash
from trackyard.storage_backends.events_embedded import writer

from tests.events.server import TIME, Server, image, log, plot, scalar

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES = {"Content-Type": "application/json-lines"}


async def test_a_batch_of_all_types_is_stored(server: Server) -> None:
    task = await server.task()
    vector = {"type": "training_stats_vector", "task": task, "metric": "w", "variant": "l", "iter": 1, "values": [1, 2.5]}
    events = [
        scalar(task, "loss", "train", 1, 0.5),
        log(task, "hello", TIME),
        plot(task, "roc", "x", 1),
        image(task, "i", "v", 1),
    ]
    assert await server.add([*events, vector]) == 5
    stats = (await server.fields(task))["metric_stats"]
    assert stats["81513effdf5790b79549208838404407"]["event_stats_by_type"]["training_stats_scalar"]["last_update"] > TIME
    assert {item["metric"]: sorted(item["event_stats_by_type"]) for item in stats.values()} == {
        "loss": ["training_stats_scalar"],
        "": ["log"],
        "roc": ["plot"],
        "i": ["training_debug_image"],
        "w": ["training_stats_vector"],
    }


async def test_one_event_as_a_json_object(server: Server) -> None:
    task = await server.task()
    for endpoint in ("events.add", "events.add_batch"):
        assert await server.call(endpoint, **log(task, "hello", TIME)) == {"added": 1, "errors": 0, "errors_info": {}}
    assert (await server.call("events.get_task_log", task=task))["total"] == 2


async def test_last_metrics_follow_every_batch(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", "train", i, value) for i, value in [(2, 3.0), (1, 5.0), (3, 4.0)]])
    await server.add([scalar(task, "loss", "train", 0, 10.0), scalar(task, "loss", "train", 0, 0.01, x_axis_label="Epochs")])
    found = await server.fields(task)
    last = found["last_metrics"]["81513effdf5790b79549208838404407"][name_hash("train")]
    assert last == {
        "metric": "loss",
        "variant": "train",
        "value": 0.01,
        "min_value": 0.01,
        "min_value_iteration": 0,
        "max_value": 10.0,
        "max_value_iteration": 0,
        "first_value": 5.0,
        "first_value_iteration": 1,
        "count": 5,
        "mean_value": 4.4,
        "x_axis_label": "Epochs",
    }
    assert found["last_iteration"] == 3
    assert (await server.call("tasks.get_all_ex", id=[task], only_fields=["unique_metrics"]))["tasks"][0]["unique_metrics"] == [
        "loss/train"
    ]


async def test_machine_reports_and_single_values_do_not_raise_the_iteration(server: Server) -> None:
    task = await server.task()
    monitors = [scalar(task, name, "cpu", 9000, 1.0) for name in (":monitor:machine", ":monitor:gpu")]
    await server.add([*monitors, scalar(task, "Summary", "best", -(2**31), 0.9), plot(task, "roc", "x", 7), log(task, "x", TIME)])
    found = await server.fields(task)
    assert found["last_iteration"] == 7
    assert found["last_metrics"][name_hash("Summary")][name_hash("best")]["value"] == 0.9


async def test_events_without_iteration_or_value(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", "a", None, 2.0), scalar(task, "loss", "b", 3, None)])
    last = (await server.fields(task))["last_metrics"][name_hash("loss")]
    assert [item["variant"] for item in last.values()] == ["a"]
    assert last[name_hash("a")]["first_value_iteration"] == 0
    events = (await server.call("events.get_task_events", task=task))["events"]
    assert [(event["variant"], event.get("iter"), event["value"]) for event in events] == [("a", None, 2.0), ("b", 3, None)]
    assert await server.call("events.scalar_metrics_iter_histogram", task=task) == {
        "loss": {"b": {"name": "b", "x": [3], "y": [None]}}
    }


async def test_bad_events_are_counted_and_the_others_stored(server: Server) -> None:
    task = await server.task()
    events = [
        scalar(task, "loss", "train", 1, 0.5),
        scalar("nope", "loss", "train", 1, 0.5),
        log(task, "", TIME),
        {"type": "strange", "task": task},
        {**scalar(task, "loss", "train", 2, 0.5), "value": "high"},
        scalar(task, "loss", "train", 2**63, 0.5, timestamp=TIME),
        {"task": task},
        {"type": "log", "msg": "whose?"},
        {"type": "plot", "task": task},
    ]
    answer = await server.report(events)
    assert answer.codes == (200, 0)
    assert (answer.data["added"], answer.data["errors"]) == (1, 8)
    assert answer.data["errors_info"] == {
        "Invalid task id: id=nope": 1,
        "Missing or empty msg": 1,
        "Invalid event type: strange": 1,
        "Invalid event type: ": 1,
        "Invalid value: a number is expected": 1,
        "Invalid iter: out of range": 1,
        "Missing task id": 1,
        "Missing plot_str": 1,
    }


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"", (400, 17)),
        (b" \n", (400, 17)),
        (b'{"type": "log"}\n{oops', (400, 0)),
        (b'{"type": "log", "task": "nope", "msg": "x"}', (400, 131)),
        (b"[1]", (400, 131)),
    ],
    ids=["empty", "blank", "not json", "unknown task", "no object"],
)
async def test_batches_that_store_nothing(server: Server, content: bytes, codes: tuple[int, int]) -> None:
    answer = await server.api.send("POST", "events.add_batch", content, LINES)
    assert answer.codes == codes


async def test_one_malformed_line_stores_nothing(server: Server) -> None:
    task = await server.task()
    content = json.dumps(log(task, "hello", TIME)).encode() + b"\n{oops\n"
    assert (await server.api.send("POST", "events.add_batch", content, LINES)).codes == (400, 0)
    assert (await server.call("events.get_task_log", task=task))["total"] == 0


async def test_what_json_does_not_allow_is_taken(server: Server) -> None:
    task = await server.task()
    lines = [
        scalar(task, "loss", "train", 1, math.nan),
        scalar(task, "loss", "train", 2, math.inf),
        scalar(task, "loss", "train", 3, 1.5),
    ]
    lines += [
        plot(task, "roc", "x", 1, '{"data": [NaN]}'),
        {**log(task, "half \ud800 of a pair", TIME), "level": None, "metric": None},
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    assert (
        await server.api.send("POST", "events.add_batch", content, {"Content-Type": "application/json-lines; charset=utf-8"})
    ).data["added"] == 5
    assert (await server.fields(task))["last_metrics"][name_hash("loss")][name_hash("train")]["count"] == 1
    curve = (await server.call("events.scalar_metrics_iter_histogram", task=task))["loss"]["train"]
    assert curve["x"] == [1, 2, 3]
    assert (curve["y"][0], curve["y"][2]) == (None, 1.5)
    assert (await server.call("events.get_task_plots", task=task))["plots"][0]["plot_str"] == '{"data": [NaN]}'


async def test_the_same_point_again_replaces_the_old_one(server: Server) -> None:
    task = await server.task()
    for value in (1.0, 2.0):
        await server.add([scalar(task, "loss", "train", 1, value), plot(task, "roc", "x", 1, f'{{"v": {value}}}')])
    assert (await server.call("events.scalar_metrics_iter_histogram", task=task))["loss"]["train"]["y"] == [2.0]
    plots = await server.call("events.get_task_plots", task=task)
    assert (plots["total"], plots["plots"][0]["plot_str"]) == (1, '{"v": 2.0}')


async def test_published_tasks_take_events_only_when_asked_to(server: Server) -> None:
    task = await server.task()
    for change in ("started", "completed", "publish"):
        await server.call(f"tasks.{change}", task=task)
    assert (await server.report([scalar(task, "loss", "train", 1, 1.0, allow_locked=False)])).codes == (400, 131)
    assert await server.add([scalar(task, "loss", "train", 1, 1.0, allow_locked=True)]) == 1


async def test_events_of_models(server: Server) -> None:
    model = await server.model()
    await server.add([scalar(model, "loss", "train", 4, 1.0, model_event=True)])
    found = (await server.call("models.get_by_id", model=model))["model"]
    assert found["last_iteration"] == 4
    assert found["last_metrics"][name_hash("loss")][name_hash("train")]["value"] == 1.0
    assert (await server.call("events.scalar_metrics_iter_histogram", task=model, model_events=True))["loss"]["train"]["y"] == [
        1.0
    ]
    assert await server.refusal("events.scalar_metrics_iter_histogram", task=model) == (400, 101)
    assert await server.call("events.delete_for_model", model=model) == {"deleted": 1}


async def test_many_tasks_in_one_batch_and_many_batches_at_once(server: Server) -> None:
    tasks = [await server.task(f"task {index}") for index in range(6)]
    await server.add([scalar(task, "loss", "train", i, float(i)) for i in range(3) for task in tasks])
    await asyncio.gather(*(server.add([scalar(task, "loss", "train", 3 + k, 1.0)]) for task in tasks for k in range(5)))
    for task in tasks:
        last = (await server.fields(task))["last_metrics"][name_hash("loss")][name_hash("train")]
        assert (last["count"], last["max_value"]) == (8, 2.0)


async def test_the_worker_of_the_header_is_noted(server: Server) -> None:
    task = await server.task()
    event = {**log(task, "hello", TIME)}
    event.pop("worker")
    content = json.dumps(event).encode() + b"\n" + json.dumps(scalar(task, "loss", "train", 1, 1.0)).encode()
    await server.api.send("POST", "events.add_batch", content, {**LINES, "X-ClearML-Worker": "host-7"})
    assert (await server.call("events.get_task_log", task=task))["events"][0]["worker"] == "host-7"
    assert (await server.call("events.get_task_events", task=task))["events"][0]["worker"] == "host-7"


async def test_a_store_that_takes_nothing_answers_with_an_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await server.task()

    async def busy(batch: object) -> None:
        raise StoreBusyError("busy", 2)

    async def full(batch: object) -> None:
        raise StoreFullError("full")

    with monkeypatch.context() as patch:
        patch.setattr(server.api.kernel.events, "append", busy)
        answer = await server.report([scalar(task, "loss", "train", 1, 1.0)])
        assert (answer.codes, answer.headers["Retry-After"]) == ((429, 0), "2")
        patch.setattr(server.api.kernel.events, "append", full)
        assert (await server.report([scalar(task, "loss", "train", 1, 1.0)])).codes == (500, 4)
    assert (await server.fields(task))["last_metrics"] == {}


async def test_a_full_disk_is_told_and_the_server_goes_on_when_there_is_space(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await server.task()

    async def ready() -> int:
        async with server.api.session.get(f"{server.api.urls['api']}/readyz") as answer:
            return answer.status

    with monkeypatch.context() as patch:
        patch.setattr(writer, "RESERVE_BYTES", 2**62)
        assert (await server.report([scalar(task, "loss", "train", 1, 1.0)])).codes == (500, 4)
        assert await ready() == 503
    assert await ready() == 200
    assert await server.add([scalar(task, "loss", "train", 2, 1.0)]) == 1
    assert (await server.call("events.scalar_metrics_iter_histogram", task=task))["loss"]["train"]["x"] == [2]


async def test_statistics_come_back_after_a_reset(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", "train", 1, 1.0)])
    await server.call("tasks.started", task=task)
    await server.call("tasks.reset", task=task, force=True)
    assert (await server.fields(task))["last_metrics"] == {}
    await server.add([scalar(task, "loss", "train", 1, 1.0)])
    found = await server.fields(task)
    assert list(found["metric_stats"]) == [name_hash("loss")]
    assert found["last_metrics"][name_hash("loss")][name_hash("train")]["count"] == 1
