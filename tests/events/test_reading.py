"""Reading events back."""

import json
from typing import Any

import pytest

from tests.events.server import TIME, Server, image, log, plot, scalar

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_curves_by_every_axis(server: Server) -> None:
    task = await server.task("first")
    await server.add([scalar(task, "loss", variant, i, i / 2) for variant in ("train", "val") for i in range(3)])
    await server.add([scalar(task, "loss", "train", -(2**31), 9.0)])
    curves = await server.call("events.scalar_metrics_iter_histogram", task=task)
    assert curves["loss"]["train"] == {"name": "train", "x": [0, 1, 2], "y": [0.0, 0.5, 1.0]}
    timed = await server.call(
        "events.scalar_metrics_iter_histogram", task=task, key="timestamp", metrics=[{"metric": "loss", "variants": ["val"]}]
    )
    assert timed == {"loss": {"val": {"name": "val", "x": [TIME, TIME + 1, TIME + 2], "y": [0.0, 0.5, 1.0]}}}
    dated = await server.call("events.scalar_metrics_iter_histogram", task=task, key="iso_time")
    assert dated["loss"]["val"]["x"][1] == "2023-11-14T22:13:20.001Z"
    zoomed = await server.call("events.scalar_metrics_iter_histogram", task=task, x_range=[1, None])
    assert zoomed["loss"]["train"]["x"] == [1, 2]


async def test_long_curves_are_thinned(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", "train", i, 100.0 if i == 777 else i % 7) for i in range(3000)])
    curve = (await server.call("events.scalar_metrics_iter_histogram", task=task, samples=100))["loss"]["train"]
    assert len(curve["x"]) <= 100
    assert (curve["x"][0], curve["x"][-1], max(curve["y"]), min(curve["y"])) == (0, 2999, 100.0, 0)
    assert await server.refusal("events.scalar_metrics_iter_histogram", task=task, samples=6001) == (400, 12)
    assert await server.refusal("events.scalar_metrics_iter_histogram", task="nope") == (400, 101)


async def test_curves_of_several_tasks(server: Server) -> None:
    tasks = [await server.task(f"run {index}") for index in range(2)]
    await server.add([scalar(task, "loss", "train", 1, 1.0) for task in tasks])
    found = await server.call("events.multi_task_scalar_metrics_iter_histogram", tasks=tasks)
    assert found == {
        "metrics": {"loss": {"train": {task: {"name": f"run {index}", "x": [1], "y": [1.0]} for index, task in enumerate(tasks)}}}
    }
    assert await server.refusal("events.multi_task_scalar_metrics_iter_histogram", tasks=[]) == (400, 12)


@pytest.mark.parametrize(
    "fields", [{}, {"key": "timestamp"}, {"x_range": [700, 9000]}, {"key": "timestamp", "x_range": [TIME + 50, None]}]
)
async def test_a_curve_is_the_same_for_one_task_and_for_many(server: Server, fields: dict[str, Any]) -> None:
    tasks = [await server.task() for _ in range(2)]
    for task in tasks:
        await server.add(scalar(task, "loss", "train", step, (step * 7919) % 9973 / 7) for step in range(10_000))
    await server.api.kernel.events.settle()
    many = await server.call("events.multi_task_scalar_metrics_iter_histogram", tasks=tasks, samples=200, **fields)
    for task in tasks:
        one = await server.call("events.scalar_metrics_iter_histogram", task=task, samples=200, **fields)
        curve = many["metrics"]["loss"]["train"][task]
        assert one["loss"]["train"] | {"name": ""} == curve | {"name": ""}
        assert 100 < len(curve["x"]) <= 200


async def test_raw_scalars_in_pages(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", variant, i, float(i)) for variant in ("a", "b") for i in range(25)])
    found: dict[str, list[int]] = {"a": [], "b": []}
    scroll, returned = None, 1
    while returned:
        page = await server.call(
            "events.scalar_metrics_iter_raw",
            task=task,
            metric={"metric": "loss"},
            batch_size=10,
            count_total=True,
            scroll_id=scroll,
        )
        returned, scroll = page["returned"], page["scroll_id"]
        assert page["total"] == 50
        for variant, columns in page["variants"].items():
            assert columns["y"] == columns["iter"]
            found[variant] += columns["iter"]
    assert found == {"a": list(range(25)), "b": list(range(25))}


async def all_events(server: Server, **body: Any) -> tuple[list[dict[str, Any]], list[int]]:
    """Every event, read as the SDK does, and the lengths of the pages."""
    events: list[dict[str, Any]] = []
    sizes: list[int] = []
    scroll = None
    while True:
        page = await server.call("events.get_task_events", **body, scroll_id=scroll)
        assert page["returned"] == len(page["events"])
        if not page["returned"]:
            return events, sizes
        events += page["events"]
        sizes.append(page["returned"])
        scroll = page["scroll_id"]
        assert page["total"] >= len(events)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_events_in_pages_of_whole_iterations(server: Server, order: str) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", variant, i, 1.0) for i in range(5) for variant in ("a", "b", "c")])
    await server.add([plot(task, "roc", "x", i) for i in (1, 8)] + [image(task, "shot", "y", 3)])
    events, sizes = await all_events(server, task=task, batch_size=2, order=order)
    iterations = [event["iter"] for event in events]
    assert iterations == sorted(iterations, reverse=order == "desc")
    assert len(events) == 18
    assert all(size >= 2 for size in sizes[:-1])
    scalars, _ = await all_events(server, task=task, batch_size=2, order=order, event_type="training_stats_scalar")
    assert len(scalars) == 15
    assert scalars[0] == {
        "type": "training_stats_scalar",
        "task": task,
        "metric": "loss",
        "variant": "a",
        "worker": "<unknown>",
        "model_event": False,
        "iter": scalars[0]["iter"],
        "timestamp": TIME + scalars[0]["iter"],
        "@timestamp": scalars[0]["@timestamp"],
        "value": 1.0,
    }
    plots, _ = await all_events(server, task=task, batch_size=1, order=order, event_type="plot")
    assert sorted(event["iter"] for event in plots) == [1, 8]


async def test_log_records_as_events(server: Server) -> None:
    task = await server.task()
    await server.add([log(task, f"line {i}", TIME + i) for i in range(5)])
    events, sizes = await all_events(server, task=task, batch_size=2, event_type="log", order="desc")
    assert [event["msg"] for event in events] == [f"line {i}" for i in reversed(range(5))]
    assert sizes == [2, 2, 1]


async def test_single_and_latest_values(server: Server) -> None:
    task, other = await server.task("named"), await server.task()
    await server.add(
        [
            scalar(task, "Summary", "best", -(2**31), 0.9, timestamp=TIME),
            *(scalar(task, "loss", "train", i, float(i)) for i in range(150)),
        ]
    )
    found = await server.call("events.get_task_single_value_metrics", tasks=[task, other])
    value = {"metric": "Summary", "variant": "best", "value": 0.9, "timestamp": TIME}
    assert found == {"tasks": [{"task": task, "task_name": "named", "values": [value]}]}
    latest = await server.call("events.get_task_latest_scalar_values", task=task)
    assert latest == {"metrics": [{"name": "loss", "variants": [{"name": "train", "last_value": 149.0, "last_100_value": 99.5}]}]}
    data = await server.call("events.get_scalar_metric_data", task=task, metric="loss")
    assert (data["returned"], data["total"], data["events"][149]["value"]) == (150, 150, 149.0)
    rest = await server.call("events.get_scalar_metric_data", task=task, metric="loss", scroll_id=data["scroll_id"])
    assert rest["events"] == []


async def test_names_of_metrics(server: Server) -> None:
    one, two = await server.task(), await server.task()
    vector = {"type": "training_stats_vector", "task": one, "metric": "w", "variant": "l", "values": [1, 2.5]}
    await server.add(
        [
            scalar(one, "loss", "a", 1, 1.0),
            scalar(two, "loss", "b", 1, 1.0),
            plot(two, "roc", "x", 1),
            *({**vector, "iter": i} for i in range(2)),
        ]
    )
    by_task = await server.call("events.get_task_metrics", tasks=[one, two], event_type="training_stats_scalar")
    assert by_task == {"metrics": [{"task": one, "metrics": ["loss"]}, {"task": two, "metrics": ["loss"]}]}
    together = await server.call("events.get_multi_task_metrics", tasks=[one, two], event_type="training_stats_scalar")
    assert together == {"metrics": [{"metric": "loss", "variants": ["a", "b"]}]}
    assert await server.call("events.get_scalar_metrics_and_variants", task=one) == {"metrics": {"loss": ["a"]}}
    assert await server.call("events.get_vector_metrics_and_variants", task=one) == {"metrics": {"w": ["l"]}}
    vectors = await server.call("events.vector_metrics_iter_histogram", task=one, metric="w", variant="l")
    assert vectors == {"metric": "w", "variant": "l", "iterations": [0, 1], "vectors": [[1.0, 2.5], [1.0, 2.5]]}


async def test_the_log_in_both_directions(server: Server) -> None:
    task = await server.task()
    await server.add([log(task, f"line {i}", TIME + i // 2, level="Error") for i in range(10)])

    async def lines(**body: Any) -> list[int]:
        page = await server.call("events.get_task_log", task=task, **body)
        assert (page["total"], page["returned"]) == (10, len(page["events"]))
        return [int(event["msg"].split()[1]) for event in page["events"]]

    assert await lines() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert await lines(batch_size=3) == [9, 8, 7, 6]
    assert await lines(batch_size=3, order="asc") == [6, 7, 8, 9]
    assert await lines(batch_size=2, from_timestamp=TIME + 3) == [5, 4]
    assert await lines(batch_size=2, navigate_earlier=False) == [0, 1]
    assert await lines(batch_size=3, navigate_earlier=False, from_timestamp=TIME + 1) == [4, 5, 6, 7]
    assert await lines(navigate_earlier=False, from_timestamp=TIME + 3, order="desc") == [9, 8]
    event = (await server.call("events.get_task_log", task=task, batch_size=1))["events"][0]
    assert (event["level"], event["worker"], event["type"], event["@timestamp"]) == (
        "error",
        "host",
        "log",
        "2023-11-14T22:13:20.004Z",
    )


async def test_the_log_as_a_file(server: Server) -> None:
    task = await server.task()
    await server.add([log(task, "héllo {level.__class__}\n", TIME), log(task, "world", TIME + 1)])
    url = f"{server.api.urls['api']}/events.download_task_log"
    headers = server.api._auth
    async with server.api.session.get(url, params={"task": task, "line_type": "text"}, headers=headers) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.content_type == "text/plain"
        text = await answer.text()
    assert text == "2023-11-14T22:13:20.000Z host info héllo {level.__class__}\n2023-11-14T22:13:20.001Z host info world\n"
    query = {"task": task, "line_type": "text", "line_format": "{msg.__class__}|{level}"}
    async with server.api.session.get(url, params=query, headers=headers) as answer:
        assert await answer.text() == "{msg.__class__}|info\n" * 2
    async with server.api.session.get(url, params={"task": task}, headers=headers) as answer:
        assert [json.loads(line)["msg"] for line in (await answer.text()).splitlines()] == ["héllo {level.__class__}\n", "world"]


async def test_clearing_logs(server: Server) -> None:
    task = await server.task()
    await server.add([log(task, "old", TIME), log(task, "new", 4_000_000_000_000)])
    assert await server.call("events.clear_task_log", task=task, include_metrics=["loss"]) == {"deleted": 0}
    assert await server.call("events.clear_task_log", task=task, threshold_sec=60) == {"deleted": 1}
    assert await server.call("events.clear_task_log", task=task) == {"deleted": 1}


async def test_deleting_the_events_of_a_task(server: Server) -> None:
    task = await server.task()
    await server.add([scalar(task, "loss", "train", 1, 1.0), log(task, "x", TIME), plot(task, "roc", "x", 1)])
    assert await server.call("events.delete_for_task", task=task) == {"deleted": 3}
    assert await server.call("events.scalar_metrics_iter_histogram", task=task) == {}
    for change in ("started", "completed", "publish"):
        await server.call(f"tasks.{change}", task=task)
    assert await server.refusal("events.delete_for_task", task=task) == (400, 110)
    assert await server.call("events.delete_for_task", task=task, allow_locked=True) == {"deleted": 0}
    assert await server.refusal("events.delete_for_task", task="nope") == (400, 101)


async def test_plots_newest_first(server: Server) -> None:
    task = await server.task("plotted")
    await server.add(
        [plot(task, "roc", variant, i, f'{{"p": "{variant}{i}"}}') for variant, last in (("x", 4), ("y", 2)) for i in range(last)]
    )
    found = await server.call("events.get_task_plots", task=task, no_scroll=True)
    assert [(item["variant"], item["iter"], item["plot_len"]) for item in found["plots"]] == [("x", 3, 11), ("y", 1, 11)]
    assert (found["total"], found["returned"], found["scroll_id"]) == (2, 2, None)
    more = await server.call("events.get_task_plots", task=task, iters=2, metrics=[{"metric": "roc", "variants": ["x"]}])
    assert [item["iter"] for item in more["plots"]] == [3, 2]
    rest = await server.call("events.get_task_plots", task=task, iters=2, scroll_id=more["scroll_id"])
    assert (rest["plots"], rest["returned"]) == ([], 0) or rest["returned"] == 2
    many = await server.call("events.get_multi_task_plots", tasks=[task])
    assert list(many["plots"]["roc"]) == ["x"]
    assert many["plots"]["roc"]["x"][task]["3"]["name"] == "plotted"
    assert many["plots"]["roc"]["x"][task]["3"]["plots"][0]["plot_str"] == '{"p": "x3"}'
    each = await server.call("events.get_multi_task_plots", tasks=[task], last_iters_per_task_metric=False)
    assert sorted(each["plots"]["roc"]) == ["x", "y"]
    assert (await server.call("events.get_multi_task_plots", tasks=[task], scroll_id=each["scroll_id"]))["returned"] == 0


@pytest.mark.parametrize("endpoint", ["debug_images", "plots"])
async def test_samples_iteration_by_iteration(server: Server, endpoint: str) -> None:
    task = await server.task()
    make = image if endpoint == "debug_images" else plot
    await server.add([make(task, "shots", variant, i) for i in range(5) for variant in ("x", "y")])
    wanted = [{"task": task, "metric": "shots"}]

    async def page(**body: Any) -> tuple[str, list[int]]:
        found = await server.call(f"events.{endpoint}", metrics=wanted, iters=2, **body)
        assert [item["task"] for item in found["metrics"]] == [task]
        iterations = found["metrics"][0]["iterations"]
        assert all([event["variant"] for event in item["events"]] == ["x", "y"] for item in iterations)
        return found["scroll_id"], [item["iter"] for item in iterations]

    scroll, shown = await page()
    assert shown == [4, 3]
    assert await page(scroll_id=scroll) == (scroll, [2, 1])
    assert await page(scroll_id=scroll) == (scroll, [0])
    assert await page(scroll_id=scroll) == (scroll, [])
    assert await page(scroll_id=scroll, navigate_earlier=False) == (scroll, [2, 1])
    assert await page(scroll_id=scroll, refresh=True) == (scroll, [4, 3])
    everything = await server.call(f"events.{endpoint}", metrics=[{"task": task, "metric": None}])
    assert [item["iter"] for item in everything["metrics"][0]["iterations"]] == [4]
    assert await server.call("events.clear_scroll", scroll_id=scroll) == {}
    nothing = await server.call(f"events.{endpoint}", metrics=[{"task": task, "metric": "none"}])
    assert nothing["metrics"] == [{"task": task, "iterations": []}]


async def test_one_debug_image_after_the_other(server: Server) -> None:
    task = await server.task()
    await server.add(
        [image(task, metric, variant, i) for i in range(3) for metric, variant in (("g", "x"), ("g", "y"), ("h", "x"))]
    )

    def place(found: Any) -> tuple[int, str, str] | None:
        event = found["event"]
        return event and (event["iter"], event["metric"], event["variant"])

    first = await server.call("events.get_debug_image_sample", task=task, metric="g", variant="x", iteration=1)
    assert (place(first), first["min_iteration"], first["max_iteration"]) == ((1, "g", "x"), 0, 2)
    scroll = first["scroll_id"]

    async def following(**body: Any) -> tuple[int, str, str] | None:
        found = await server.call("events.next_debug_image_sample", task=task, scroll_id=scroll, **body)
        assert found["scroll_id"] == scroll
        return place(found)

    assert await following() == (0, "g", "y")
    assert await following(navigate_earlier=False) == (1, "g", "x")
    assert await following(navigate_earlier=False) == (1, "g", "y")
    assert await following(navigate_earlier=False, next_iteration=True) == (2, "g", "y")
    assert await following(navigate_earlier=False) is None
    newest = await server.call(
        "events.get_debug_image_sample", task=task, metric="g", variant="y", navigate_current_metric=False, scroll_id=scroll
    )
    assert place(newest) == (2, "g", "y")
    assert await following(navigate_earlier=False) == (2, "h", "x")
    missing = await server.call("events.get_debug_image_sample", task=task, metric="g", variant="none")
    assert (missing["event"], missing["min_iteration"]) == (None, None)
    assert (await server.call("events.next_debug_image_sample", task=task, scroll_id="gone"))["event"] is None


async def test_one_plot_after_the_other(server: Server) -> None:
    task = await server.task()
    await server.add(
        [plot(task, metric, variant, i) for i in range(2) for metric, variant in (("g", "x"), ("g", "y"), ("h", "x"))]
    )
    first = await server.call("events.get_plot_sample", task=task, metric="g", navigate_current_metric=False, iteration=9)
    assert [(event["iter"], event["variant"]) for event in first["events"]] == [(1, "x"), (1, "y")]
    following = await server.call("events.next_plot_sample", task=task, scroll_id=first["scroll_id"], navigate_earlier=False)
    assert [(event["iter"], event["metric"]) for event in following["events"]] == [(1, "h")]
    end = await server.call("events.next_plot_sample", task=task, scroll_id=first["scroll_id"], navigate_earlier=False)
    assert end["events"] == []
