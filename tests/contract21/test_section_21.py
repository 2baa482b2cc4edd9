"""What a naive server gets wrong, beyond what the conformance tests ask of each line."""

import re
import string
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from trackyard.core import clock, store
from trackyard.core.entities import TASK
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

from tests.contract21.things import get_task, hashes, new, new_task, point

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATE_KEYS = {"created", "started", "completed", "published", "status_changed", "last_update", "last_change", "last_worker_report"}
OFFSET_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?\+00:00")


def dates_of(value: Any, key: str = "") -> list[tuple[str, Any]]:
    """Every date of an answer with its key."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in dates_of(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in dates_of(item, key)]
    return [(key, value)] if key in DATE_KEYS else []


async def test_21_01_a_get_with_a_body_is_read_as_every_other_method(api: Api) -> None:
    answer = await api.send("GET", "v2.23/tasks.create", b'{"name": "sent by get", "type": "training", "method": "get"}')
    assert answer.codes == (200, 0)
    assert (await get_task(api, answer.data["id"]))["name"] == "sent by get"


async def test_21_02_unknown_keys_everywhere(api: Api) -> None:
    stray = {"method": "get", "is_daemon": True, "_unknown_": {"a": [None]}, "last_metrics.nothing": 1}
    task = await new_task(api, **stray)
    for name in ("tasks.edit", "tasks.started", "tasks.ping", "tasks.get_by_id", "tasks.completed"):
        assert (await api.ask(name, {"task": task, **stray})).codes == (200, 0), name
    answer = await api.batch("events.add_batch", [{**point(task, 1, 1.0), **stray}])
    assert (answer.data["added"], answer.data["errors"]) == (1, 0)


@pytest.mark.parametrize("path", ["", "tasks", "api/tasks.get_all", "v2/tasks.get_all", "x.y.z"])
async def test_21_06_malformed_paths_are_400_in_the_envelope(api: Api, path: str) -> None:
    answer = await api.send("GET", path, b"{}")
    assert (answer.status, answer.codes, answer.data) == (400, (400, 0), {})
    assert (answer.meta["endpoint"]["name"], answer.meta["endpoint"]["actual_version"]) == ("", None)
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_21_06_a_body_of_sixteen_megabytes_is_no_413(api: Api) -> None:
    task = await new_task(api)
    answer = await api.ask("tasks.edit", {"task": task, "script": {"diff": "x" * (16 << 20)}})
    assert answer.codes == (200, 0)


async def test_21_08_forms_of_paths_with_versions(api: Api) -> None:
    for path in ("/v2.23/tasks.get_all/", "//v2.23/tasks.get_all", "v2.9/tasks.get_all", "v2.23/tasks.get_all/"):
        assert (await api.send("GET", path, b"{}")).codes == (200, 0), path


async def test_21_09_old_versions_lack_newer_endpoints_by_number(api: Api) -> None:
    assert (await api.ask("v2.23/models.delete_metadata", {"model": "0" * 32, "keys": ["k"]})).codes == (400, 201)
    assert (await api.ask("v2.9/queues.get_all")).codes == (200, 0)


async def test_21_14_basic_everywhere_and_a_wrong_secret_is_401(api: Api) -> None:
    wrong = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY + "z")}
    for name in ("tasks.get_all", "workers.get_all", "events.get_task_log"):
        assert (await api.ask(name, {"task": "0" * 32}, wrong, anonymous=True)).codes == (401, 22), name
    assert (await api.ask("tasks.get_all", {}, anonymous=True)).codes == (401, 20)


async def test_21_15_a_browser_downloads_files_with_the_cookie(api: Api) -> None:
    form = aiohttp.FormData()
    form.add_field("cookies/file.txt", b"seen", filename="file.txt")
    basic = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
    async with api.session.post(f"{api.urls['files']}/", data=form, headers=basic) as response:
        assert response.status == 200
    cookie = {"Cookie": f"clearml_token_basic={(await api.call('auth.login'))['token']}"}
    async with api.session.get(f"{api.urls['files']}/cookies/file.txt", headers=cookie) as response:
        assert (response.status, await response.read()) == (200, b"seen")


async def test_21_16_there_are_no_vaults(api: Api) -> None:
    answer = await api.send("GET", "users.get_vaults?enabled=true&types=config&types=config", b"{}")
    assert (answer.status, answer.codes, answer.data) == (404, (404, 0), {})


async def test_21_22_and_23_dates_of_every_kind_of_object(api: Api) -> None:
    task, queue = await new_task(api), await new(api, "queues", "dated queue")
    await api.call("tasks.enqueue", task=task, queue=queue)
    await api.call("tasks.started", task=task)
    await api.call("tasks.completed", task=task)
    published = (await api.call("tasks.publish", task=task))["fields"]
    project, model = await new(api, "projects", "dated project"), await new(api, "models", "dated model")
    answers = [published, await get_task(api, task)]
    for service, found in (("projects", project), ("models", model), ("queues", queue), ("tasks", task)):
        answers += [await api.call(f"{service}.get_all", id=[found]), await api.call(f"{service}.get_all_ex", id=[found])]
    dates = [date for answer in answers for date in dates_of(answer)]
    assert {"created", "started", "completed", "published", "status_changed", "last_update"} <= {key for key, _ in dates}
    assert [(key, date) for key, date in dates if not (isinstance(date, str) and OFFSET_DATE.fullmatch(date))] == []


async def test_21_25_counters_of_status_calls_are_numbers(api: Api) -> None:
    task = await new_task(api)
    for name in ("started", "stopped", "started", "completed", "publish"):
        answer = await api.call(f"tasks.{name}", task=task)
        counters = {"updated": 1, **({"started": 1} if name == "started" else {})}
        assert {key: (answer[key], type(answer[key])) for key in counters} == dict.fromkeys(counters, (1, int)), name
    again = await new_task(api)
    await api.call("tasks.enqueue", task=again, queue_name="counted again")
    dequeued = await api.call("tasks.dequeue", task=again)
    assert (dequeued["dequeued"], type(dequeued["dequeued"]), dequeued["updated"]) == (1, int, 1)


async def test_21_30_unknown_keys_inside_free_objects_are_kept(api: Api) -> None:
    kept = {"data_hash": "h", "preview": "p", "content_type": "t", "Z own": {"b": [1, None], "a": 0.5}}
    artifact = {"key": "k", "type": "custom", "type_data": kept, "content_size": 3, "timestamp": 1_700_000_000, "hash": "h"}
    task = await new_task(api)
    await api.call("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
    (found,) = (await get_task(api, task))["execution"]["artifacts"]
    assert list(found["type_data"].items()) == list(kept.items())
    assert found["mode"] == "output"


async def test_21_33_everything_that_python_escapes(api: Api) -> None:
    name = f"all {string.punctuation.replace('/', '')} of it"
    task = await new_task(api, name=name)
    (found,) = (await api.call("tasks.get_all", name=f"^{re.escape(name)}$", only_fields=["id"]))["tasks"]
    assert found == {"id": task}
    everything = "".join(f"\\{sign}" if sign in string.punctuation + " " else sign for sign in name)
    (found,) = (await api.call("tasks.get_all", name=f"^{everything}$", only_fields=["id"]))["tasks"]
    assert found == {"id": task}


async def test_21_34_hidden_tasks_queues_and_projects(api: Api) -> None:
    task = await new_task(api, name="hidden task", system_tags=["hidden"])
    assert (await api.call("tasks.get_all", name="^hidden task$"))["tasks"] == []
    assert len((await api.call("tasks.get_all", name="^hidden task$", search_hidden=True))["tasks"]) == 1
    assert (await api.call("tasks.get_all", id=[task], only_fields=["id"]))["tasks"] == [{"id": task}]
    queue = await new(api, "queues", "glue pending", system_tags=["k8s-glue"])
    assert queue not in [found["id"] for found in (await api.call("queues.get_all"))["queues"]]
    assert [found["id"] for found in (await api.call("queues.get_all", name="glue pending"))["queues"]] == [queue]


async def test_21_36_negative_pages_are_refused_and_large_ones_cut(api: Api) -> None:
    for body in ({"page": -1, "page_size": 10}, {"page": 0, "page_size": -1}):
        assert (await api.ask("tasks.get_all", body)).codes == (400, 12), body
    assert (await api.ask("tasks.get_all", {"page_size": 100_000})).codes == (200, 0)


async def test_21_38_null_and_every_word_in_lists(api: Api) -> None:
    project = await new(api, "projects", "words in lists")
    for name, tags in (("with none", []), ("with one", ["one"]), ("with both", ["one", "two"])):
        await new_task(api, name=name, project=project, tags=tags)

    async def found(*tags: str | None) -> list[str]:
        query = {"project": [project], "tags": list(tags), "only_fields": ["name"]}
        return sorted(task["name"] for task in (await api.call("tasks.get_all", query))["tasks"])

    assert await found(None) == ["with none"]
    assert await found("two", None) == ["with both", "with none"]
    assert await found("__$not", "two") == ["with none", "with one"]
    assert await found("__$not", "two", "one") == ["with one"]
    assert await found("__$all", "one", "__$not", "two") == ["with one"]
    assert await found("__$any", "one", "__$nop", "two") == ["with both", "with one"]
    assert await found("-one") == ["with none"]


async def test_21_40_only_what_was_asked_for_is_answered(api: Api) -> None:
    task = await new_task(api)
    fields = ["status", "status_message", "container", "runtime", "output.destination", "models.output", "tags"]
    (found,) = (await api.call("tasks.get_all", id=[task], only_fields=fields))["tasks"]
    wanted = {"container": {}, "runtime": {}, "output": {}, "models": {"output": []}, "tags": [], "status": "created"}
    assert {key: found[key] for key in wanted} == wanted
    assert found.keys() <= {*wanted, "status_message"}
    for unknown in ("nonsense", "project.name"):
        assert (await api.ask("tasks.get_all", {"only_fields": [unknown]})).codes == (400, 14), unknown


async def test_21_41_two_bare_dates_are_an_interval_and_garbage_is_no_filter(api: Api) -> None:
    task = await new_task(api)
    body = {"id": [task], "only_fields": ["id"]}
    for times, count in (
        (["2020-01-01 00:00:00", "2099-01-01T00:00:00"], 1),
        (["2098-01-01 00:00:00", "2099-01-01T00:00:00"], 0),
        ([">=2020-01-01 00:00:00.2", "<2099-01-01"], 1),
        ([">2099-01-01 00:00:00.25"], 0),
        ([">garbage"], 1),
    ):
        for field in ("last_update", "status_changed", "last_change"):
            if field != "status_changed" or (await get_task(api, task)).get(field):
                assert len((await api.call("tasks.get_all", body, **{field: times}))["tasks"]) == count, (field, times)


async def test_21_41_the_trigger_s_question(api: Api) -> None:
    task = await new_task(api)
    fields = ["last_update", "last_change"]
    for times, count in (([">2020-01-01T00:00:00.000000+00:00"], 1), ([">2099-01-01T00:00:00.000000+00:00"], 0)):
        for word in ("_or_", "_any_", "_and_", "_all_"):
            query = {"id": [task], word: {"fields": fields, "datetime": times}}
            assert len((await api.call("tasks.get_all", query))["tasks"]) == count, (word, times)


async def test_21_43_a_shallow_search_without_parent_finds_top_level_projects(api: Api) -> None:
    await new(api, "projects", "shallow root/below/deeper")
    found = (await api.call("projects.get_all", name="^shallow root", shallow_search=True))["projects"]
    assert [project["name"] for project in found] == ["shallow root"]
    below = await api.call("projects.get_all", parent=[found[0]["id"]], shallow_search=True)
    assert [project["name"] for project in below["projects"]] == ["shallow root/below"]


async def test_21_45_empty_lists_of_every_entity(api: Api) -> None:
    for service in ("tasks", "models", "projects", "queues"):
        made = {"type": "training"} if service == "tasks" else {}
        found = await new(api, service, f"unfiltered {service}", **made)
        query = {"id": [], "tags": [], "system_tags": [], "order_by": ["-created"], "page_size": 500, "only_fields": ["id"]}
        assert {"id": found} in (await api.call(f"{service}.get_all", query))[service], service


async def test_21_49_a_task_of_a_dead_worker_stops_at_once(api: Api) -> None:
    task = await new_task(api)
    await api.call("tasks.started", task=task)
    await api.call("workers.status_report", worker="dies:0", timestamp=1_700_000_000_000, task=task)
    silent = {"last_update": clock.now() - timedelta(seconds=700)}
    await api.kernel.metadata.write(lambda session: store.update(session, TASK, task, silent, tells=False))
    await api.call("tasks.stop", task=task)
    state = await get_task(api, task)
    assert state["status"] == "stopped"
    assert state["status_message"].startswith("Stopped by ")
    assert "completed" not in state


async def test_21_51_enqueue_moves_and_refuses(api: Api) -> None:
    task = await new_task(api)
    first = await api.call("tasks.enqueue", task=task, queue_name="moves from")
    assert first["fields"]["execution.queue"]
    second = await api.call("tasks.enqueue", task=task, queue_name="moves to")
    assert (second["queued"], second["updated"], second["fields"]["status"]) == (1, 1, "queued")
    assert (await api.ask("tasks.enqueue", {"task": task, "queue_name": "moves to"})).codes == (400, 706)
    assert (await get_task(api, task))["execution"]["queue"] == second["fields"]["execution.queue"]


async def test_21_55_dequeue_of_an_idle_task_has_an_exact_answer(api: Api) -> None:
    answer = await api.ask("tasks.dequeue", {"task": await new_task(api)})
    assert (answer.codes, answer.data) == ((200, 0), {"dequeued": 1, "updated": 0, "fields": {}})


async def test_21_66_no_monitor_raises_the_last_iteration(api: Api) -> None:
    task = await new_task(api)
    metrics = (":monitor:gpu", ":monitor:machine")
    await api.batch("events.add_batch", [point(task, 500, 1.0, metric, "used") for metric in metrics])
    assert (await get_task(api, task))["last_iteration"] == 0
    await api.batch("events.add_batch", [{**point(task, -(2**31), 1.0, "Summary", "best"), "iter": -(2**31)}])
    assert (await get_task(api, task))["last_iteration"] == 0


async def test_21_67_single_values_are_last_metrics_only(api: Api) -> None:
    task = await new_task(api)
    await api.batch("events.add_batch", [point(task, 1, 1.0), point(task, -(2**31), 7.0, "Summary", "best")])
    curves = await api.call("events.multi_task_scalar_metrics_iter_histogram", tasks=[task])
    assert curves["metrics"].keys() == {"loss"}
    metric, variant = hashes("Summary", "best").split(".")
    assert (await get_task(api, task))["last_metrics"][metric][variant]["value"] == 7.0


async def test_21_68_pages_of_plots_and_images_end(api: Api) -> None:
    task = await new_task(api)
    event = {"task": task, "metric": "m", "variant": "v"}
    await api.batch("events.add_batch", [{**event, "type": "plot", "plot_str": "{}", "iter": step} for step in range(5)])
    body = {"task": task, "event_type": "plot", "batch_size": 2}
    steps: list[int] = []
    for _ in range(8):
        page = await api.call("events.get_task_events", body)
        steps += [found["iter"] for found in page["events"]]
        body["scroll_id"] = page["scroll_id"]
        if not page["events"]:
            break
    assert (steps, page["returned"]) == ([0, 1, 2, 3, 4], 0)


async def test_21_71_a_batch_of_the_sdk_s_largest_size(api: Api) -> None:
    task = await new_task(api)
    event = {"type": "plot", "task": task, "metric": "big", "variant": "v", "iter": 0, "plot_str": "x" * (15_728_640 - 200)}
    answer = await api.batch("events.add_batch", [event])
    assert (answer.codes, answer.data["added"]) == ((200, 0), 1)


async def test_21_92_every_new_object_has_its_last_update(api: Api) -> None:
    for service in ("projects", "queues", "models"):
        found = await new(api, service, f"updated {service}")
        (shown,) = (await api.call(f"{service}.get_all", id=[found]))[service]
        assert shown["last_update"], service
        assert shown["created"], service
