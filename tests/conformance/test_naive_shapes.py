"""What a naive server gets wrong, 19 to 31: types and shapes of answers."""

import hashlib
import re
from typing import Any

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = re.compile(r"[0-9a-f]{32}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?\+00:00")


async def new_task(api: Api, **fields: object) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "a shape", "type": "training", **fields}))["id"])


async def get(api: Api, task: str) -> dict[str, Any]:
    """The whole task."""
    found: dict[str, Any] = (await api.call("tasks.get_by_id", task=task))["task"]
    return found


async def test_19_lists_are_never_null(api: Api) -> None:
    """Clients iterate over them."""
    task = await new_task(api)
    for name, key in (("tasks", "tasks"), ("models", "models"), ("queues", "queues"), ("projects", "projects")):
        assert (await api.call(f"{name}.get_all", name="^no such name$"))[key] == []
    assert (await api.call("workers.get_all"))["workers"] == []
    assert (await api.call("events.get_task_log", task=task))["events"] == []


async def test_20_empty_lists_are_present(api: Api) -> None:
    """Tags of a new task, entries of a new queue, artifacts of a task without any."""
    task = await get(api, await new_task(api))
    assert task["tags"] == []
    assert task["system_tags"] == []
    assert task["execution"]["artifacts"] == []
    assert task["models"] == {"input": [], "output": []}
    queue = (await api.call("queues.create", name="a queue of shapes"))["id"]
    found = (await api.call("queues.get_by_id", queue=queue))["queue"]
    assert (found["entries"], found["tags"]) == ([], [])


async def test_21_empty_objects_are_present(api: Api) -> None:
    """Also when only they were asked for."""
    task_id = await new_task(api)
    task = await get(api, task_id)
    empty = ("output", "runtime", "container", "hyperparams", "configuration", "last_metrics")
    assert {key: task.get(key) for key in empty} == {key: {} for key in empty}
    assert isinstance(task["execution"], dict)
    (projected,) = (await api.call("tasks.get_all", id=[task_id], only_fields=["runtime", "container", "runtime.version"]))[
        "tasks"
    ]
    assert (projected["runtime"], projected["container"]) == ({}, {})


async def test_22_and_23_dates_are_text_with_an_offset(api: Api) -> None:
    """Never ``Z``, never a number."""
    task_id = await new_task(api)
    await api.call("tasks.started", task=task_id)
    await api.call("tasks.completed", task=task_id)
    task = await get(api, task_id)
    for key in ("created", "started", "completed", "status_changed", "last_update", "last_change"):
        assert DATE.fullmatch(str(task[key])), key


async def test_24_ids_are_32_lower_hex(api: Api) -> None:
    """Without dashes: they are matched and put into paths."""
    assert ID.fullmatch(await new_task(api))
    for name in ("projects", "queues"):
        assert ID.fullmatch((await api.call(f"{name}.create", name=f"ids of {name}"))["id"])
    assert ID.fullmatch((await api.call("models.create", name="ids of models", uri="http://127.0.0.1/m"))["id"])


async def test_25_counters_and_booleans(api: Api) -> None:
    """``deleted`` is a boolean for tasks and models, a number for queues and projects; the others are numbers."""
    task = await new_task(api)
    assert type((await api.call("tasks.edit", task=task, comment="x"))["updated"]) is int
    assert type((await api.call("tasks.enqueue", task=task, queue_name="counters"))["queued"]) is int
    assert type((await api.call("tasks.dequeue", task=task))["dequeued"]) is int
    assert type((await api.call("tasks.started", task=task))["started"]) is int
    assert (await api.call("tasks.delete", task=task, force=True))["deleted"] is True
    model = (await api.call("models.create", name="counted", uri="http://127.0.0.1/counted"))["id"]
    assert (await api.call("models.delete", model=model, force=True))["deleted"] is True
    queue = (await api.call("queues.create", name="counted queue"))["id"]
    assert type((await api.call("queues.delete", queue=queue))["deleted"]) is int
    project = (await api.call("projects.create", name="counted project"))["id"]
    assert type((await api.call("projects.delete", project=project))["deleted"]) is int


async def test_26_empty_queue_gives_an_empty_object(api: Api) -> None:
    """Not an error."""
    queue = (await api.call("queues.create", name="an empty queue"))["id"]
    answer = await api.ask("queues.get_next_task", {"queue": queue})
    assert answer.codes == (200, 0)
    assert answer.data.get("entry") is None


async def test_27_histogram_is_at_the_top_of_data(api: Api) -> None:
    """Metric, variant, curve."""
    task = await new_task(api)
    point = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "iter": 1, "value": 2.5}
    await api.batch("events.add_batch", [point])
    data = await api.call("events.scalar_metrics_iter_histogram", task=task)
    assert data == {"loss": {"train": {"name": "train", "x": [1], "y": [2.5]}}}


async def test_28_metadata_is_an_object(api: Api) -> None:
    """By key, with key, type and value in each."""
    model = (await api.call("models.create", name="described", uri="http://127.0.0.1/described"))["id"]
    await api.call("models.add_or_update_metadata", model=model, metadata=[{"key": "a.b", "type": "str", "value": "c"}])
    found = (await api.call("models.get_by_id", model=model))["model"]
    assert found["metadata"] == {"a.b": {"key": "a.b", "type": "str", "value": "c"}}


async def test_29_values_of_hyperparameters_stay_text(api: Api) -> None:
    """``"1"`` is no number; a number is refused."""
    item = {"section": "Args", "name": "rate", "value": "1", "type": "int"}
    task = await new_task(api, hyperparams={"Args": {"rate": item}})
    found = await get(api, task)
    assert found["hyperparams"]["Args"]["rate"]["value"] == "1"
    wrong = {"task": task, "hyperparams": [{"section": "Args", "name": "rate", "value": 1}]}
    assert (await api.ask("tasks.edit_hyper_params", wrong)).codes == (400, 12)


async def test_30_free_objects_come_back_as_they_were(api: Api) -> None:
    """Order and unknown keys of runtime, of configuration and of an artifact's type data."""
    runtime = {"z.y": 1, "$a": "b", "_c": 0.5, "a/b": "x", "%": "%%"}
    artifact = {"key": "k", "type": "dict", "type_data": {"preview": "p", "content_type": "t"}, "display_data": [["a", "b"]]}
    task = await new_task(api)
    configuration = {"My.Section": {"name": "My.Section", "value": "k = [1]", "type": "dictionary", "description": "d"}}
    await api.call("tasks.edit", task=task, runtime=runtime, configuration=configuration, execution={"artifacts": [artifact]})
    found = await get(api, task)
    assert list(found["runtime"].items()) == list(runtime.items())
    assert found["configuration"] == configuration
    (kept,) = found["execution"]["artifacts"]
    assert kept["type_data"] == artifact["type_data"]
    assert kept["display_data"] == artifact["display_data"]


async def test_31_keys_of_metrics_are_md5_of_their_names(api: Api) -> None:
    """Of the raw UTF-8 text."""
    task = await new_task(api)
    point = {"type": "training_stats_scalar", "task": task, "metric": "Verlust ü", "variant": "a.b", "iter": 3, "value": 1.5}
    await api.batch("events.add_batch", [point])
    metric, variant = (hashlib.md5(name.encode()).hexdigest() for name in ("Verlust ü", "a.b"))
    last = (await get(api, task))["last_metrics"][metric][variant]
    assert (last["metric"], last["variant"], last["value"], last["min_value"], last["max_value"]) == (
        "Verlust ü",
        "a.b",
        1.5,
        1.5,
        1.5,
    )
