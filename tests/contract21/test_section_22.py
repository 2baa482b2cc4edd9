"""Answers keep clear of every damage that breaks a client: one test for each of the experiments."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Answer, Api

from tests.contract21.things import new, new_task, point

pytestmark = pytest.mark.asyncio(loop_scope="module")

Answers = dict[str, Answer]
ABSENT = "0" * 32
LISTS = {
    "tags",
    "system_tags",
    "entries",
    "artifacts",
    "input",
    "output",
    "report_assets",
    "queues",
    "workers",
    "tasks",
    "models",
}
LISTS |= {"projects", "events", "plots", "metrics", "display_data", "succeeded", "failed", "users", "iterations"}
DICTS = {"output", "runtime", "container", "execution", "hyperparams", "configuration", "models", "script", "last_metrics"}
DICTS |= {"metadata", "design", "labels", "metric_stats", "fields", "requirements", "parameters", "model_labels"}
COUNTERS = {"updated", "queued", "dequeued", "started", "published", "added", "errors", "removed", "position", "cloned"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(api: Api) -> AsyncIterator[Answers]:
    """What the calls of the SDK and of the agent answer, on objects with nothing in them."""
    task, project, model = await new_task(api), await new(api, "projects", "empty"), await new(api, "models", "empty")
    queue, worker = await new(api, "queues", "empty"), "mutated:0"
    one = {"id": [task]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("tasks.create", {"name": "made", "type": "training"}),
        ("tasks.get_by_id", {"task": task}),
        ("tasks.get_all", one),
        ("tasks.get_all_ex", one),
        ("tasks.edit", {"task": task, "comment": "c"}),
        ("tasks.update", {"task": task, "comment": "d"}),
        ("tasks.set_requirements", {"task": task, "requirements": {"pip": ""}}),
        ("tasks.add_or_update_artifacts", {"task": task, "artifacts": [{"key": "k", "type": "t"}]}),
        ("tasks.enqueue", {"task": task, "queue": queue}),
        ("queues.get_by_id", {"queue": queue}),
        ("queues.get_next_task", {"queue": queue}),
        ("tasks.dequeue", {"task": task}),
        ("tasks.started", {"task": task}),
        ("tasks.ping", {"task": task}),
        ("workers.register", {"worker": worker}),
        ("workers.status_report", {"worker": worker, "timestamp": 1_700_000_000_000}),
        ("workers.get_all", {}),
        ("events.get_task_log", {"task": task}),
        ("events.get_task_plots", {"task": task}),
        ("events.debug_images", {"metrics": [{"task": task}]}),
        ("events.get_task_events", {"task": task, "event_type": "plot"}),
        ("events.get_task_single_value_metrics", {"tasks": [task]}),
        ("events.scalar_metrics_iter_histogram", {"task": task}),
        ("tasks.stopped", {"task": task}),
        ("tasks.clone", {"task": task, "new_task_name": "cloned"}),
        ("queues.get_all", {"only_fields": ["id", "tags"]}),
        ("queues.get_default", {}),
        ("queues.get_num_entries", {"queue": queue}),
        ("projects.get_by_id", {"project": project}),
        ("projects.get_all", {"id": [project]}),
        ("models.get_by_id", {"model": model}),
        ("models.get_all", {"id": [model]}),
        ("models.edit", {"model": model, "comment": "c"}),
        ("users.get_current_user", {}),
        ("tasks.get_by_id", {"task": ABSENT}),
        ("queues.get_by_id", {"queue": "by name"}),
        ("tasks.create", {"name": "no type"}),
        ("users.get_vaults", {}),
    ]
    found = {
        f"{number} {name}": await api.ask(f"v2.23/{name}", {**body, "method": "get"}) for number, (name, body) in enumerate(calls)
    }
    found["lines"] = await api.batch("events.add_batch", [point(task, 1, 1.0)])
    found["nothing added"] = await api.batch("events.add_batch", [point(ABSENT, 1, 1.0)])
    yield found


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value inside an answer with the keys that lead to it."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, path)


def every(answers: Answers) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Every value inside the data of all answers."""
    for name, answer in answers.items():
        for path, value in walk(answer.data):
            yield name, path, value


def document(answers: Answers, name: str, key: str) -> dict[str, Any]:
    """The first document that an endpoint answered."""
    for label, answer in answers.items():
        if label.endswith(f" {name}") and answer.codes == (200, 0):
            found = answer.data[key]
            return dict(found[0] if isinstance(found, list) else found)
    raise AssertionError(f"{name} was not asked")


async def test_22_none_all_calls_answer_as_they_should(answers: Answers) -> None:
    failed = {name for name, answer in answers.items() if answer.codes != (200, 0)}
    assert {name.split()[-1] for name in failed} == {
        "tasks.get_by_id",
        "queues.get_by_id",
        "tasks.create",
        "users.get_vaults",
        "added",
    }
    assert len(failed) == 5


async def test_22_no_null_stands_for_a_list_or_an_object(answers: Answers) -> None:
    assert [(name, path) for name, path, value in every(answers) if value is None and path[-1] in LISTS | DICTS] == []


async def test_22_empty_lists_are_there(answers: Answers) -> None:
    for name, key in (("tasks.get_by_id", "task"), ("tasks.get_all", "tasks"), ("tasks.get_all_ex", "tasks")):
        task = document(answers, name, key)
        assert (task["tags"], task["system_tags"], task["models"], task["report_assets"]) == (
            [],
            [],
            {"input": [], "output": []},
            [],
        )
        assert task["execution"]["artifacts"] == []
    for name, key in (("models.get_by_id", "model"), ("projects.get_by_id", "project"), ("queues.get_by_id", "queue")):
        found = document(answers, name, key)
        assert (found["tags"], found["system_tags"]) == ([], [])
    assert isinstance(document(answers, "queues.get_by_id", "queue")["entries"], list)
    for queue in answers[next(name for name in answers if name.endswith(" queues.get_all"))].data["queues"]:
        assert isinstance(queue["tags"], list)


async def test_22_empty_objects_are_there(answers: Answers) -> None:
    for name, key in (("tasks.get_by_id", "task"), ("tasks.get_all", "tasks"), ("tasks.get_all_ex", "tasks")):
        task = document(answers, name, key)
        assert {field: task[field] for field in ("output", "runtime", "container", "hyperparams", "configuration")} == {
            "output": {},
            "runtime": {},
            "container": {},
            "hyperparams": {},
            "configuration": {},
        }
        expected = {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []}
        assert task["execution"] == expected
        assert task["script"] == {"binary": "python", "repository": "", "entry_point": "", "requirements": {}}
        assert (task["last_metrics"], task["metric_stats"], task["last_iteration"]) == ({}, {}, 0)
    model = document(answers, "models.get_by_id", "model")
    assert (model["design"], model["labels"], model["metadata"], model["last_metrics"]) == ({}, {}, {}, {})
    assert document(answers, "queues.get_by_id", "queue")["metadata"] == {}


async def test_22_errors_have_an_object_as_data(answers: Answers) -> None:
    assert {name: answer.data for name, answer in answers.items() if answer.status != 200 and answer.data != {}} == {}
    assert [name for name, answer in answers.items() if not isinstance(answer.data, dict)] == []


async def test_22_dates_end_in_an_offset(answers: Answers) -> None:
    date = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
    texts = [(name, path, value) for name, path, value in every(answers) if isinstance(value, str) and date.fullmatch(value)]
    assert len(texts) > 20
    exact = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?\+00:00")
    assert [found for found in texts if not exact.fullmatch(found[2]) and found[1][-1] != "@timestamp"] == []


async def test_22_counters_are_there_and_are_numbers(answers: Answers) -> None:
    counted = [(name, path[-1], value) for name, path, value in every(answers) if len(path) == 1 and path[0] in COUNTERS]
    assert [found for found in counted if type(found[2]) is not int] == []
    assert {key for _, key, _ in counted} >= {"updated", "queued", "dequeued", "started", "added", "errors"}


async def test_22_edits_and_status_calls_tell_fields(answers: Answers) -> None:
    for name in ("edit", "update", "set_requirements", "enqueue", "dequeue", "started", "stopped"):
        (answer,) = (answer for label, answer in answers.items() if label.endswith(f" tasks.{name}"))
        assert isinstance(answer.data["fields"], dict), name


async def test_22_numbers_that_are_whole_are_integers(answers: Answers) -> None:
    whole = {"last_iteration", "num", "returned", "total", "register_timeout", "test_split", "count"}
    found = [(name, path, value) for name, path, value in every(answers) if path and path[-1] in whole]
    assert found
    assert [item for item in found if type(item[2]) is not int] == []


async def test_22_a_batch_tells_what_it_added(answers: Answers) -> None:
    assert answers["lines"].data == {"added": 1, "errors": 0, "errors_info": {}}
    assert answers["nothing added"].codes == (400, 131)


async def test_22_status_and_code_are_one(answers: Answers) -> None:
    assert [name for name, answer in answers.items() if answer.status != answer.meta["result_code"]] == []
    assert {answer.status for answer in answers.values()} == {200, 400, 404}


async def test_22_meta_is_whole_and_versions_are_no_integers(answers: Answers) -> None:
    for name, answer in answers.items():
        meta = answer.meta
        assert meta.keys() >= {
            "id",
            "trx",
            "endpoint",
            "result_code",
            "result_subcode",
            "result_msg",
            "error_stack",
            "error_data",
        }
        assert (type(meta["result_code"]), type(meta["result_subcode"])) == (int, int), name
        assert isinstance(meta["endpoint"]["requested_version"], str), name
        assert isinstance(meta["endpoint"]["actual_version"], str | None), name
        assert meta["error_stack"] == ("" if answer.status == 200 else None), name
        assert isinstance(meta["error_data"], dict), name


async def test_22_a_creation_answers_200(answers: Answers) -> None:
    made = [answer.status for name, answer in answers.items() if name.endswith((" tasks.create", " tasks.clone"))]
    assert sorted(made) == [200, 200, 400]


async def test_22_ids_have_no_dashes(answers: Answers) -> None:
    ids = [(name, value) for name, path, value in every(answers) if path and path[-1] in ("id", "task", "project", "queue")]
    texts = [(name, value) for name, value in ids if isinstance(value, str) and not name.endswith(" workers.get_all")]
    users = {answer.data["user"]["id"] for name, answer in answers.items() if name.endswith(" users.get_current_user")}
    assert len(texts) > 10
    assert [found for found in texts if found[1] not in users and not re.fullmatch(r"[0-9a-f]{32}", found[1])] == []


async def test_22_times_of_changes_are_there(answers: Answers) -> None:
    for name, key in (
        ("tasks.get_all", "tasks"),
        ("models.get_all", "models"),
        ("tasks.get_by_id", "task"),
        ("models.get_by_id", "model"),
    ):
        found = document(answers, name, key)
        assert found["last_update"], name
        assert found["last_change"], name


async def test_22_bodies_of_get_are_read_with_a_stray_key_and_patterns_are_patterns(api: Api) -> None:
    body = b'{"name": "^(made|no such)$", "only_fields": ["name"], "method": "get"}'
    await new_task(api, name="made")
    answer = await api.send("GET", "v2.23/tasks.get_all", body)
    assert {task["name"] for task in answer.data["tasks"]} == {"made"}


async def test_22_a_token_is_a_real_one(api: Api) -> None:
    token = (await api.send("GET", "auth.login?expiration_sec=3600", b"{}")).data["token"]
    assert len(token.split(".")) == 3
