"""What a naive server gets wrong, 63 to 75: events."""

import json
import re
from typing import Any

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

SINGLE = -(2**31)


async def new_task(api: Api, **fields: Any) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "an event", "type": "training", **fields}))["id"])


def scalar(task: str, step: int | None, value: float, **fields: Any) -> dict[str, Any]:
    """A point of a curve."""
    event = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "value": value, **fields}
    return event if step is None else {**event, "iter": step}


def line(task: str, text: str, timestamp: int, **fields: Any) -> dict[str, Any]:
    """A line of the console."""
    return {"type": "log", "task": task, "msg": text, "timestamp": timestamp, "level": "info", **fields}


async def curve(api: Api, task: str) -> dict[str, Any]:
    """The curve of the loss."""
    found: dict[str, Any] = (await api.call("events.scalar_metrics_iter_histogram", task=task))["loss"]["train"]
    return found


async def test_63_the_same_point_again_replaces_the_first(api: Api) -> None:
    """Of one metric, variant and iteration the last one counts."""
    task = await new_task(api)
    await api.batch("events.add_batch", [scalar(task, 1, 1.0), scalar(task, 2, 2.0)])
    await api.batch("events.add_batch", [scalar(task, 1, 5.0)])
    assert (await curve(api, task))["y"] == [5.0, 2.0]
    events = (await api.call("events.get_task_events", task=task, event_type="training_stats_scalar"))["events"]
    assert sorted(event["value"] for event in events) == [2.0, 5.0]


async def test_64_one_bad_line_does_not_fail_the_batch(api: Api) -> None:
    """It is counted with its reason; a line that is no JSON fails all."""
    task = await new_task(api)
    bad = [{**scalar(task, 1, 1.0), "type": "nonsense"}, scalar("0" * 32, 1, 1.0)]
    answer = await api.batch("events.add_batch", [scalar(task, 1, 1.0), *bad])
    assert answer.codes == (200, 0)
    assert (answer.data["added"], answer.data["errors"]) == (1, 2)
    assert sum(answer.data["errors_info"].values()) == 2
    assert (await api.batch("events.add_batch", bad)).codes == (400, 131)
    lines = {"Content-Type": "application/json-lines"}
    broken = json.dumps(scalar(task, 7, 1.0)).encode() + b"\n{broken"
    assert (await api.send("POST", "events.add_batch", broken, lines)).codes == (400, 0)
    assert (await api.send("POST", "events.add_batch", b"", lines)).codes == (400, 17)
    assert (await curve(api, task))["x"] == [1]


async def test_65_published_tasks_take_events_that_may(api: Api) -> None:
    """``allow_locked`` is the word; without it they are refused one by one."""
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    await api.call("tasks.completed", task=task)
    await api.call("tasks.publish", task=task)
    assert (await api.batch("events.add_batch", [scalar(task, 1, 1.0)])).codes == (400, 131)
    assert (await api.batch("events.add_batch", [scalar(task, 1, 1.0, allow_locked=True)])).data["added"] == 1


async def test_66_what_raises_the_last_iteration(api: Api) -> None:
    """Neither the monitor of the machine nor single values do."""
    task = await new_task(api)
    monitor = {"metric": ":monitor:machine", "variant": "cpu_usage"}
    await api.batch("events.add_batch", [scalar(task, 9000, 5, **monitor), scalar(task, SINGLE, 1, metric="Summary")])
    assert (await api.call("tasks.get_by_id", task=task))["task"]["last_iteration"] == 0
    await api.batch("events.add_batch", [scalar(task, 12, 1.0)])
    await api.batch("events.add_batch", [scalar(task, 3, 1.0)])
    assert (await api.call("tasks.get_by_id", task=task))["task"]["last_iteration"] == 12


async def test_67_single_values_are_no_curves(api: Api) -> None:
    """They are listed as single values, in the events and in the last metrics."""
    task = await new_task(api)
    await api.batch("events.add_batch", [scalar(task, SINGLE, 0.5, metric="Summary", variant="accuracy")])
    assert await api.call("events.scalar_metrics_iter_histogram", task=task) == {}
    (found,) = (await api.call("events.get_task_single_value_metrics", tasks=[task]))["tasks"]
    assert [(item["variant"], item["value"]) for item in found["values"]] == [("accuracy", 0.5)]
    (event,) = (await api.call("events.get_task_events", task=task, event_type="training_stats_scalar"))["events"]
    assert event["iter"] == SINGLE


async def test_68_pages_of_events_end(api: Api) -> None:
    """The client asks until nothing is returned, passing the scroll id on."""
    task = await new_task(api)
    await api.batch("events.add_batch", [scalar(task, step, float(step)) for step in range(25)])
    seen: list[int] = []
    request = {"task": task, "event_type": "training_stats_scalar", "batch_size": 10}
    for _ in range(10):
        page = await api.call("events.get_task_events", request)
        if not page["events"]:
            assert page["returned"] == 0
            break
        seen += [event["iter"] for event in page["events"]]
        request["scroll_id"] = page["scroll_id"]
    else:
        raise AssertionError("the pages do not end")
    assert seen == list(range(25))


async def test_69_timestamps_are_milliseconds(api: Api) -> None:
    """As they were sent; a missing one is now."""
    task = await new_task(api)
    await api.batch("events.add_batch", [scalar(task, 1, 1.0, timestamp=1_700_000_000_123), scalar(task, 2, 1.0)])
    events = (await api.call("events.get_task_events", task=task, event_type="training_stats_scalar"))["events"]
    first, second = sorted(event["timestamp"] for event in events)
    assert first == 1_700_000_000_123
    assert second > 1_750_000_000_000


async def test_70_order_of_the_log(api: Api) -> None:
    """Newest first unless asked otherwise; the time to start from is not part of the page."""
    task = await new_task(api)
    times = [1_700_000_000_000 + index for index in range(5)]
    await api.batch("events.add_batch", [line(task, f"line {index}", time) for index, time in enumerate(times)])
    texts = [event["msg"] for event in (await api.call("events.get_task_log", task=task))["events"]]
    assert texts == [f"line {index}" for index in reversed(range(5))]
    rising = await api.call("events.get_task_log", task=task, order="asc")
    assert [event["msg"] for event in rising["events"]] == texts[::-1]
    earlier = await api.call("events.get_task_log", task=task, from_timestamp=times[2])
    assert [event["msg"] for event in earlier["events"]] == ["line 1", "line 0"]
    later = await api.call("events.get_task_log", task=task, from_timestamp=times[2], navigate_earlier=False)
    assert [event["msg"] for event in later["events"]] == ["line 3", "line 4"]
    last = await api.call("events.get_task_log", task=task, batch_size=2, order="asc")
    assert [event["msg"] for event in last["events"]] == ["line 3", "line 4"]


async def test_71_bodies_and_lines_of_many_megabytes(api: Api) -> None:
    """The SDK splits batches at fifteen; a plot is one line."""
    task = await new_task(api)
    plot = json.dumps({"data": [{"type": "scatter", "y": [0.125] * 2_000_000}], "layout": {}})
    assert len(plot) > 12_000_000
    event = {"type": "plot", "task": task, "metric": "big", "variant": "one", "iter": 0, "plot_str": plot}
    assert (await api.batch("events.add_batch", [event])).data["added"] == 1
    (found,) = (await api.call("events.get_task_plots", task=task))["plots"]
    assert found["plot_str"] == plot


async def test_72_iteration_and_metric_may_be_missing(api: Api) -> None:
    """They are stored as they are."""
    task = await new_task(api)
    await api.batch("events.add_batch", [scalar(task, None, 1.5)])
    events = (await api.call("events.get_task_events", task=task, event_type="training_stats_scalar"))["events"]
    assert [event["value"] for event in events] == [1.5]
    await api.batch("events.add_batch", [line(task, "without a metric", 1_700_000_000_000)])
    assert len((await api.call("events.get_task_log", task=task))["events"]) == 1


async def test_73_the_text_of_a_plot_is_not_looked_into(api: Api) -> None:
    """NaN in it comes back as it was; NaN as a value is no fault."""
    task = await new_task(api)
    text = '{"data": [{"y": [NaN, Infinity]}], "layout": {}}'
    event = {"type": "plot", "task": task, "metric": "odd", "variant": "one", "iter": 0, "plot_str": text}
    await api.batch("events.add_batch", [event])
    (found,) = (await api.call("events.get_task_plots", task=task))["plots"]
    assert found["plot_str"] == text
    lines = {"Content-Type": "application/json-lines"}
    value = json.dumps(scalar(task, 1, float("nan"))).encode()
    assert (await api.send("POST", "events.add_batch", value, lines)).status == 200


@pytest.mark.parametrize("level", ["INFO", "info", "DEBUG", "error", "Warning", "CRITICAL"])
async def test_74_case_of_levels(api: Api, level: str) -> None:
    """Any is accepted."""
    task = await new_task(api)
    assert (await api.batch("events.add_batch", [line(task, "text", 1_700_000_000_000, level=level)])).data["added"] == 1
    (event,) = (await api.call("events.get_task_log", task=task))["events"]
    assert re.fullmatch(level, event["level"], re.IGNORECASE)


@pytest.mark.parametrize("kind", ["application/json-lines", "application/json-lines; charset=utf-8", "application/json"])
async def test_75_types_of_content(api: Api, kind: str) -> None:
    """With a character set, and a single object as JSON."""
    task = await new_task(api)
    answer = await api.send("POST", "events.add_batch", json.dumps(scalar(task, 1, 1.0)).encode(), {"Content-Type": kind})
    assert answer.data["added"] == 1
