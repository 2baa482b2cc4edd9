"""The shapes of answers that the web client of the protocol relies on, one test for each."""

import time
from typing import Any

import pytest
from trackyard.core import store
from trackyard.core.entities import TASK
from trackyard.core.testing.http import Api

from tests.contract21.things import get_task, hashes, new, new_task, point

pytestmark = pytest.mark.asyncio(loop_scope="module")

V = "v999.0/"
URLS = {"artifact_urls", "event_urls", "model_urls"}


async def image(api: Api, task: str, iteration: int) -> None:
    """An image of a task, and a plot beside it."""
    event = {"task": task, "metric": "shown", "variant": "v", "iter": iteration}
    picture = {"type": "training_debug_image", "url": "http://127.0.0.1/files/i.png", "key": "k"}
    answer = await api.batch("events.add_batch", [{**event, **picture}, {**event, "type": "plot", "plot_str": "{}"}])
    assert answer.data["added"] == 2


async def test_web_3_3_01_only_fields_is_honoured(api: Api) -> None:
    task = await new_task(api, configuration={"main": {"name": "main", "value": "text"}})
    for fields, keys in ((["name", "status"], {"id", "name", "status"}), (["script.diff"], {"id", "script"})):
        (row,) = (await api.call(f"{V}tasks.get_all_ex", id=[task], only_fields=fields))["tasks"]
        assert row.keys() == keys
        one = (await api.call(f"{V}tasks.get_by_id_ex", id=[task], only_fields=fields))["tasks"]
        assert [found.keys() for found in one] == [keys]
    names = await api.call(f"{V}tasks.get_configuration_names", tasks=[task], skip_empty=False)
    assert names == {"configurations": [{"task": task, "names": ["main"]}]}


async def test_web_3_3_03_references_are_objects(api: Api) -> None:
    project = await new(api, "projects", "of references")
    task = await new_task(api, project=project)
    child = await new_task(api, project=project, parent=task)
    queue = (await api.call("tasks.enqueue", task=child, queue_name="of references"))["fields"]["execution.queue"]
    model = await new(api, "models", "of references", project=project, task=task)
    report = (await api.call("reports.create", name="of references"))["id"]
    for service, key, found in (
        ("tasks", "tasks", child),
        ("models", "models", model),
        ("projects", "projects", project),
        ("queues", "queues", queue),
        ("reports", "tasks", report),
    ):
        (row,) = (await api.call(f"{V}{service}.get_all_ex", id=[found]))[key]
        references = [row[name] for name in ("company", "user", "project", "parent", "task") if name in row]
        assert len(references) >= 2, service
        assert [value for value in references if not (isinstance(value, dict) and value["id"])] == [], service
    (row,) = (await api.call(f"{V}tasks.get_by_id_ex", id=[child], only_fields=["execution.queue.name", "company", "user"]))[
        "tasks"
    ]
    assert row["execution"] == {"queue": {"id": queue, "name": "of references"}}
    assert row["company"]["id"]


async def test_web_3_3_04_what_the_comparison_of_tasks_reads(api: Api) -> None:
    task = await new_task(api)
    artifact = {"key": "plain", "type": "custom", "uri": "http://127.0.0.1/x"}
    await api.call("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
    bare = await new_task(api)
    fields = ["name", "tags", "system_tags", "user.name", "execution.artifacts", "models", "configuration", "script", "container"]
    for only in ({"only_fields": fields}, {}):
        rows = (await api.call(f"{V}tasks.get_all_ex", id=[task, bare], order_by=["created"], **only))["tasks"]
        first, second = (row["execution"]["artifacts"] for row in rows)
        assert ([item["display_data"] for item in first], second) == ([[]], [])
        for row in rows:
            assert row["models"] == {"input": [], "output": []}
            assert (row["system_tags"], row["tags"], row["configuration"], row["container"]) == ([], [], {}, {})
            assert row["user"]["id"]


async def test_web_3_3_05_answers_for_many(api: Api) -> None:
    queue = await new(api, "queues", "of many")
    unknown = "0" * 32
    for name, more in (
        ("enqueue_many", {"queue": queue, "validate_tasks": True, "verify_watched_queue": True}),
        ("dequeue_many", {}),
        ("archive_many", {}),
        ("unarchive_many", {}),
        ("stop_many", {}),
        ("reset_many", {"delete_output_models": True, "return_file_urls": True, "force": True}),
        ("delete_many", {"delete_output_models": True, "return_file_urls": True, "force": True}),
    ):
        task = await new_task(api)
        if name in ("dequeue_many", "stop_many"):
            await api.call("tasks.enqueue", task=task, queue=queue)
        answer = await api.call(f"{V}tasks.{name}", {"ids": [task, unknown], **more})
        # an unknown task is not queued, which is what was asked for
        done = [task, unknown] if name == "dequeue_many" else [task]
        assert [item["id"] for item in answer["succeeded"]] == done, name
        if name in ("reset_many", "delete_many"):
            urls = answer["succeeded"][0]["urls"]
            assert {key: urls[key] for key in URLS} == {key: [] for key in URLS}, name
        if name != "dequeue_many":
            (failed,) = answer["failed"]
            assert (failed["id"], failed["error"]["codes"]) == (unknown, [400, 101]), name
            assert failed["error"]["msg"], name
    answer = await api.call(f"{V}tasks.archive_many", ids=[unknown])
    assert (answer["succeeded"], len(answer["failed"])) == ([], 1)


async def test_web_3_3_05_answers_for_many_models(api: Api) -> None:
    model, unknown = await new(api, "models", "one of many", ready=False), "0" * 32
    for name in ("archive_many", "unarchive_many", "publish_many", "delete_many"):
        answer = await api.call(f"{V}models.{name}", ids=[model, unknown], force=True)
        assert [item["id"] for item in answer["succeeded"]] == [model], name
        assert [(item["id"], item["error"]["codes"]) for item in answer["failed"]] == [(unknown, [400, 201])], name


async def test_web_3_3_05_deletion_of_a_project_tells_addresses(api: Api) -> None:
    project = await new(api, "projects", "deleted from the web")
    await new_task(api, project=project)
    counts = await api.call(f"{V}projects.validate_delete", project=project)
    assert counts["tasks"] == 1
    answer = await api.call(f"{V}projects.delete", project=project, delete_contents=True, force=True)
    assert {key: answer["urls"][key] for key in URLS} == {key: [] for key in URLS}


async def test_web_3_3_07_images_logs_and_plots(api: Api) -> None:
    task = await new_task(api, name="shows")
    body = {"metrics": [{"task": task, "metric": None}], "iters": 3, "scroll_id": None, "navigate_earlier": True}
    empty = await api.call(f"{V}events.debug_images", {**body, "refresh": False})
    assert [(item["task"], item["iterations"]) for item in empty["metrics"]] == [(task, [])]
    assert empty["scroll_id"]
    assert (await api.call(f"{V}events.get_task_plots", task=task, iters=1)) | {"scroll_id": ""} == {
        "plots": [],
        "total": 0,
        "returned": 0,
        "scroll_id": "",
    }
    log = await api.call(f"{V}events.get_task_log", task=task, batch_size=1000, navigate_earlier=True)
    assert (log["events"], log["total"]) == ([], 0)
    await image(api, task, 1)
    full = await api.call(f"{V}events.debug_images", {**body, "scroll_id": empty["scroll_id"], "refresh": True})
    assert full["scroll_id"] == empty["scroll_id"]
    assert [(step["iter"], len(step["events"])) for step in full["metrics"][0]["iterations"]] == [(1, 1)]
    plots = await api.call(f"{V}events.get_task_plots", task=task, iters=1)
    assert (len(plots["plots"]), plots["total"], plots["returned"]) == (1, 1, 1)
    assert plots["scroll_id"]
    many = await api.call(
        f"{V}events.get_multi_task_plots", tasks=[task], metrics=[], last_iters_per_task_metric=True, iters=1, model_events=False
    )
    shown = many["plots"]["shown"]["v"][task]["1"]
    assert (shown["name"], len(shown["plots"])) == ("shows", 1)
    assert (many["returned"], many["total"]) == (1, 1)
    again = await api.call(f"{V}events.get_multi_task_plots", tasks=[task], iters=1, scroll_id=many["scroll_id"])
    assert again["returned"] == 0


async def test_web_3_3_08_histograms_and_last_metrics(api: Api) -> None:
    task = await new_task(api, name="a curve")
    await api.batch("events.add_batch", [point(task, 1, 2.0), point(task, 2, 1.0)])
    for key, axis in (("iter", [1, 2]), ("timestamp", [1_700_000_000_001, 1_700_000_000_002])):
        curves = await api.call(f"{V}events.scalar_metrics_iter_histogram", task=task, key=key)
        assert curves == {"loss": {"train": {"name": "train", "x": axis, "y": [2.0, 1.0]}}}
    wanted = [{"metric": "loss", "variants": ["train"]}]
    body = {"tasks": [task], "metrics": wanted, "key": "iter", "model_events": False}
    curves = (await api.call(f"{V}events.multi_task_scalar_metrics_iter_histogram", body))["metrics"]
    assert curves == {"loss": {"train": {task: {"name": "a curve", "x": [1, 2], "y": [2.0, 1.0]}}}}
    metric, variant = hashes().split(".")
    last = (await get_task(api, task))["last_metrics"][metric][variant]
    expected = {"metric": "loss", "variant": "train", "value": 1.0, "count": 2, "mean_value": 1.5, "first_value": 2.0}
    expected |= {"min_value": 1.0, "max_value": 2.0, "min_value_iteration": 2, "max_value_iteration": 1}
    assert {key: last[key] for key in expected} == expected


async def test_web_3_3_09_series_of_times_are_milliseconds(api: Api) -> None:
    queue = await new(api, "queues", "measured")
    await api.call("tasks.enqueue", task=await new_task(api), queue=queue)
    statistics: dict[str, Any] = {"cpu_usage": [10, 20]}
    await api.call("workers.status_report", worker="measured:0", timestamp=int(time.time() * 1000), machine_stats=statistics)
    span = {"from_date": int(time.time()) - 600, "to_date": int(time.time()) + 60, "interval": 60}
    least = span["from_date"] * 1000 - 60_000
    activity = await api.call(f"{V}workers.get_activity_report", span)
    series = [activity["total"]["dates"], activity["active"]["dates"]]
    items = [{"key": "cpu_usage"}, {"key": "memory_used"}]
    found = await api.call(f"{V}workers.get_stats", {**span, "worker_ids": ["measured:0"], "items": items})
    series += [metric["dates"] for worker in found["workers"] for metric in worker["metrics"]]
    for more in ({}, {"queue_ids": [queue]}):
        measured = await api.call(f"{V}queues.get_queue_metrics", {**span, **more})
        series += [found["dates"] for found in measured["queues"]]
    moments = [moment for dates in series for moment in dates]
    assert moments
    assert [moment for moment in moments if moment < least] == []


async def test_web_3_3_09_series_of_endpoints_are_milliseconds(api: Api) -> None:
    body = {"container_id": "z" * 32, "endpoint_name": "e", "endpoint_url": "http://127.0.0.1/e", "model_name": "m"}
    await api.call("serving.register_container", body)
    await api.call("serving.container_status_report", {**body, "requests_num": 5, "requests_min": 1, "latency_ms": 3})
    span = {"from_date": int(time.time()) - 600, "to_date": int(time.time()) + 60, "interval": 60}
    history = await api.call(
        f"{V}serving.get_endpoint_metrics_history", {**span, "endpoint_url": body["endpoint_url"], "metric_type": "requests"}
    )
    assert history["total"]["dates"]
    assert min(history["total"]["dates"]) >= span["from_date"] * 1000 - 60_000


async def test_web_3_3_10_configuration_of_pipelines_and_datasets(api: Api) -> None:
    texts = {"Pipeline": '{"step": {"job_id": null}}', "Dataset Struct": '{"0": {}}', "Dataset Content": "a, b\n1, 2\n"}
    configuration = {name: {"name": name, "value": text, "type": "json"} for name, text in texts.items()}
    task = await new_task(api, configuration=configuration, type="controller", system_tags=["pipeline"])
    await api.call("tasks.edit", task=task, runtime={"_pipeline_hash": "p:1", "version": "1.0"})
    fields = ["configuration", "runtime._pipeline_hash", "runtime.version"]
    (row,) = (await api.call(f"{V}tasks.get_by_id_ex", id=[task], only_fields=fields))["tasks"]
    assert {name: item["value"] for name, item in row["configuration"].items()} == texts
    assert row["runtime"] == {"_pipeline_hash": "p:1", "version": "1.0"}


async def test_web_3_3_11_preferences_are_merged(api: Api) -> None:
    assert (await api.call(f"{V}users.get_preferences")).keys() == {"preferences"}
    slices = {"views": {"a": {"x": 1}}, "experiments": {"with--DOT--dot": [1, None]}}
    for name, value in slices.items():
        await api.call(f"{V}users.set_preferences", preferences={name: value})
    await api.call(f"{V}users.set_preferences", preferences={"views": {"a": {"y": 2}}})
    found = (await api.call(f"{V}users.get_preferences"))["preferences"]
    assert found == {"views": {"a": {"x": 1, "y": 2}}, "experiments": slices["experiments"]}


async def test_web_3_3_13_settings_of_storage_are_whole(api: Api) -> None:
    for _ in range(2):
        settings = (await api.call(f"{V}storage.get_settings"))["settings"]
        assert settings["aws"]["buckets"] == settings["google"]["buckets"] == settings["azure"]["containers"] == []
        await api.call("storage.reset_settings", keys=["aws", "google", "azure"])


async def test_web_2_3_what_the_start_of_the_web_reads(api: Api) -> None:
    modes = await api.call(f"{V}login.supported_modes")
    assert modes.keys() >= {"authenticated", "basic", "sso", "sso_providers", "server_errors"}
    assert modes["basic"].keys() >= {"enabled", "guest"}
    assert "enabled" in modes["basic"]["guest"]
    current = await api.call(f"{V}users.get_current_user", get_supported_features=True)
    assert current["user"].keys() >= {"id", "name", "company", "role"}
    assert current["user"]["company"].keys() >= {"id", "name"}
    assert current["settings"]["max_download_items"] == 50_000
    assert "getting_started" in current
    info = await api.call(f"{V}server.info")
    assert info.keys() >= {"version", "build", "commit", "api_version", "uid"}
    assert (await api.call(f"{V}server.report_stats_option")).keys() >= {"supported", "enabled"}
    users = (await api.call(f"{V}projects.get_user_names", include_subprojects=True))["users"]
    assert all(user.keys() >= {"id", "name"} for user in users)


async def test_web_3_2_the_search_counts_every_kind(api: Api) -> None:
    text = {"pattern": "counted for search", "fields": ["name", "id"]}
    await new_task(api, name="counted for search")
    body = {
        "projects": {"_any_": {"pattern": text["pattern"], "fields": ["basename", "id"]}, "system_tags": ["-pipeline"]},
        "tasks": {"_any_": text, "type": ["__$not", "annotation_manual", "__$not", "annotation"], "system_tags": ["-archived"]},
        "models": {"_any_": text, "system_tags": ["-archived"]},
        "datasets": {"_any_": text, "name": "/\\.datasets/", "search_hidden": True, "system_tags": ["dataset"]},
        "pipelines": {"_any_": text, "name": "/\\.pipelines/", "search_hidden": True, "system_tags": ["pipeline"]},
        "reports": {"_any_": {**text, "fields": ["id", "name", "tags", "project", "comment", "report"]}},
    }
    counts = await api.call(f"{V}organization.get_entities_count", body)
    assert counts == {"projects": 0, "tasks": 1, "models": 0, "datasets": 0, "pipelines": 0, "reports": 0}


async def test_web_3_2_names_of_users_come_with_their_ids(api: Api) -> None:
    user = (await api.call("users.get_current_user"))["user"]
    body = {"id": [user["id"]], "only_fields": ["name"], "order_by": ["name"]}
    assert (await api.call(f"{V}users.get_all_ex", body)) == {"users": [{"id": user["id"], "name": user["name"]}]}


async def test_web_3_2_rows_of_a_queue_are_dragged(api: Api) -> None:
    queue = await new(api, "queues", "dragged", display_name="Shown")
    tasks = [await new_task(api) for _ in range(3)]
    for task in tasks:
        await api.call("tasks.enqueue", task=task, queue=queue)
    assert await api.call(f"{V}queues.move_task_backward", queue=queue, task=tasks[2], count=-1) == {"position": 1}
    (found,) = (await api.call(f"{V}queues.get_all_ex", id=[queue], only_fields=["*", "entries.task.name"]))["queues"]
    assert [entry["task"]["id"] for entry in found["entries"]] == [tasks[0], tasks[2], tasks[1]]
    assert found["display_name"] == "Shown"
    assert (await api.call(f"{V}queues.remove_task", queue=queue, task=tasks[0], update_task_status=True))["removed"] == 1
    assert (await get_task(api, tasks[0]))["status"] == "created"


async def test_web_3_2_the_wizard_of_new_tasks(api: Api) -> None:
    script = {"repository": "r", "branch": "b", "working_dir": ".", "entry_point": "e.py", "binary": "python3", "diff": ""}
    container = {"image": "i", "arguments": "", "setup_shell_script": ""}
    task = await new_task(api, script=script, container=container, output_dest="s3://of/it")
    found = await get_task(api, task)
    assert (found["output"], found["container"]) == ({"destination": "s3://of/it"}, container)
    await api.call(f"{V}tasks.edit", task=task, output_dest="s3://other")
    item = {"section": "Args", "name": "x", "value": "1", "type": "int", "description": "d", "id": "of a form"}
    await api.call(f"{V}tasks.edit_hyper_params", task=task, hyperparams=[item], replace_hyperparams="section")
    found = await get_task(api, task)
    assert found["output"]["destination"] == "s3://other"
    assert found["hyperparams"]["Args"]["x"] == {key: value for key, value in item.items() if key != "id"}


async def test_web_3_1_all_rows_are_selected_by_large_scrolls(api: Api) -> None:
    project = await new(api, "projects", "many rows")
    company = (await api.call("users.get_current_user"))["user"]["company"]["id"]
    row = {"name": "one of many", "company": company, "project": project}
    await api.kernel.metadata.write(lambda session: [store.insert(session, TASK, dict(row)) for _ in range(501)])
    body = {"project": [project], "scroll_id": None, "size": 5000, "only_fields": ["name"]}
    assert len((await api.call(f"{V}tasks.get_all_ex", body))["tasks"]) == 501
