"""Create tasks and change what they say of themselves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from trackyard.core.clock import truncate
from trackyard.core.errors import ApiError
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.tasks.editing import update_batch
from trackyard.plugins.tasks.requests import BatchRequest

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMPTY_LISTS = ("report_assets", "tags", "system_tags", "unique_metrics")
EMPTY_DICTS = ("output", "last_metrics", "metric_stats", "hyperparams", "configuration", "runtime", "container")


async def test_a_new_task_has_every_list_and_dict(board: Board) -> None:
    """Clients index into them; scalars that are not set are left out."""
    found = await board.read(await board.make())
    assert {name: found[name] for name in EMPTY_LISTS} == {name: [] for name in EMPTY_LISTS}
    assert {name: found[name] for name in EMPTY_DICTS} == {name: {} for name in EMPTY_DICTS}
    assert found["models"] == {"input": [], "output": []}
    assert found["execution"] == {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []}
    assert found["script"] == {"binary": "python", "repository": "", "entry_point": "", "requirements": {}}
    assert (found["status"], found["last_iteration"]) == ("created", 0)
    assert found["created"] is not None
    assert found["last_update"] is not None
    assert found["last_change"] is not None
    assert None not in found.values()
    assert {"started", "parent", "project", "status_message", "enqueue_status"}.isdisjoint(found)


async def test_create_keeps_what_is_sent(board: Board) -> None:
    """Names with dots, dollars and blanks come back unchanged; tags are sorted and distinct; nulls count as absent."""
    parameters = {"My.Section": {"b.c": {"value": "1", "type": "int"}, "$x": {"value": ""}}, "_priv": {"a b": {"value": "v"}}}
    task = await board.make(
        tags=["b", "a", "b"],
        system_tags="development",
        comment=None,
        hyperparams=parameters,
        configuration={"conf.main": {"value": "k = 1", "type": "dictionary", "extra": "kept"}},
        script={"entry_point": "run.py", "binary": None, "diff": "+x\n"},
        execution={"model_labels": {"cat": 1}},
        container={"image": "python:3", "arguments": None},
        output_dest="s3://bucket",
    )
    found = await board.read(task)
    assert found["tags"] == ["a", "b"]
    assert found["system_tags"] == ["development"]
    assert "comment" not in found
    assert found["hyperparams"] == {
        "My.Section": {
            "b.c": {"section": "My.Section", "name": "b.c", "value": "1", "type": "int"},
            "$x": {"section": "My.Section", "name": "$x", "value": ""},
        },
        "_priv": {"a b": {"section": "_priv", "name": "a b", "value": "v"}},
    }
    assert found["configuration"]["conf.main"] == {"name": "conf.main", "value": "k = 1", "type": "dictionary", "extra": "kept"}
    assert found["script"] == {"binary": "python", "repository": "", "entry_point": "run.py", "requirements": {}, "diff": "+x\n"}
    assert found["execution"]["model_labels"] == {"cat": 1}
    assert found["execution"]["artifacts"] == []
    assert found["container"] == {"image": "python:3"}
    assert found["output"] == {"destination": "s3://bucket"}


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"name": "ab"}, (400, 800)),
        ({"name": "  a  "}, (400, 800)),
        ({"name": None}, (400, 12)),
        ({"type": "report"}, (400, 12)),
        ({"type": "dataset_import"}, (400, 12)),
        ({"parent": "nobody"}, (400, 16)),
        ({"tags": ["good", "__$not"]}, (400, 12)),
        ({"project": "nowhere"}, (400, 16)),
        ({"hyperparams": {"Args": {"rate": {"value": 1}}}}, (400, 12)),
        ({"execution": {"artifacts": [{"type": "dict"}]}}, (400, 12)),
        ({"models": {"input": [{"name": "in", "model": "nothing"}]}}, (400, 201)),
    ],
)
async def test_create_and_validate_refuse_alike(board: Board, body: dict[str, Any], codes: tuple[int, int]) -> None:
    """A field that is wrong is told."""
    full = {"name": "good name", "type": "training", **body}
    assert await board.refused("create", **full) == codes
    assert await board.refused("validate", **full) == codes


async def test_validate_stores_nothing(board: Board) -> None:
    """An empty answer says that all is well."""
    assert await board.call("validate", name="never stored", type="testing") == {}
    assert (await board.call("get_all", name="^never stored$"))["tasks"] == []


async def test_edit_merges_some_fields_and_replaces_others(board: Board) -> None:
    """``script``, ``execution``, ``output`` and ``models`` one level deep; the rest whole."""
    first, second = await board.make_model(), await board.make_model()
    task = await board.make(
        script={"entry_point": "a.py", "branch": "main"},
        execution={"model_labels": {"cat": 1}, "framework": "x"},
        hyperparams={"Args": {"a": {"value": "1"}, "b": {"value": "2"}}},
        configuration={"one": {"value": "1"}},
        container={"image": "a", "arguments": "-x"},
        models={"input": [{"name": "in", "model": first}]},
    )
    await board.call("edit", task=task, models={"output": [{"name": "out", "model": second}]}, runtime={"a.b": 1, "c": "d"})
    answer = await board.call(
        "edit",
        task=task,
        script={"branch": "dev"},
        execution={"model_labels": {"dog": 2}},
        hyperparams={"Args": {"a": {"value": "3"}}},
        configuration={},
        container={"image": "b"},
        runtime={"e": 0.5},
    )
    found = await board.read(task)
    assert found["script"] == {"binary": "python", "repository": "", "requirements": {}, "entry_point": "a.py", "branch": "dev"}
    assert (found["execution"]["model_labels"], found["execution"]["framework"]) == ({"dog": 2}, "x")
    assert list(found["hyperparams"]["Args"]) == ["a"]
    assert (found["configuration"], found["container"], found["runtime"]) == ({}, {"image": "b"}, {"e": 0.5})
    assert [item["model"] for item in found["models"]["input"]] == [first]
    assert [item["model"] for item in found["models"]["output"]] == [second]
    assert answer["updated"] == 1
    assert answer["fields"]["script"] == found["script"]
    assert {"last_change", "last_changed_by", "last_update"} <= set(answer["fields"])


async def test_edit_of_nothing_known(board: Board) -> None:
    """Unknown keys are passed over."""
    task = await board.make()
    assert await board.call("edit", task=task, method="get", nonsense=1) == {"updated": 0, "fields": {}}


async def test_edit_outside_of_created_needs_force(board: Board) -> None:
    """And then works in every status."""
    for status in ("queued", "in_progress", "published"):
        task = await board.make(status)
        assert await board.refused("edit", task=task, comment="x") == (400, 110)
        assert (await board.call("edit", task=task, comment="x", force=True))["updated"] == 1


async def test_edit_checks_as_create_does(board: Board) -> None:
    """A task may be its own parent, a report keeps its type."""
    task = await board.make()
    assert await board.refused("edit", task=task, name="ab") == (400, 800)
    assert await board.refused("edit", task=task, type="annotation") == (400, 12)
    assert await board.refused("edit", task=task, parent="nobody") == (400, 16)
    assert await board.refused("edit", task=task, models={"input": [{"name": "a", "model": "b"}]}) == (400, 201)
    assert (await board.call("edit", task=task, parent=task, type="report"))["updated"] == 1


@pytest.mark.parametrize("change", [{"comment": "x"}, {"tags": ["x"]}, {"name": "another"}])
async def test_words_move_last_change_only(board: Board, change: dict[str, Any]) -> None:
    """``last_update`` is for data."""
    task = await board.make()
    await board.age(task, 100)
    before = await board.read(task)
    for endpoint in ("edit", "update"):
        await board.call(endpoint, task=task, **change)
    after = await board.read(task)
    assert after["last_update"] == before["last_update"]
    assert after["last_change"] > before["last_update"]


@pytest.mark.parametrize(
    "change",
    [{"runtime": {"a": 1}}, {"script": {"diff": "x"}}, {"container": {"image": "x"}}, {"hyperparams": {}}, {"output_dest": "x"}],
)
async def test_data_moves_last_update(board: Board, change: dict[str, Any]) -> None:
    """So that triggers see it."""
    task = await board.make()
    await board.age(task, 100)
    before = await board.read(task)
    await board.call("edit", task=task, **change)
    assert (await board.read(task))["last_update"] > before["last_update"]


async def test_update_in_any_status(board: Board) -> None:
    """Name, tags, comment, project, message, the output's error and the time of creation."""
    project = await board.make_project("updates")
    task = await board.make("published", output_dest="x")
    body = {"name": "new name", "tags": ["t"], "comment": "c", "project": project, "status_message": "K8S glue status: up"}
    answer = await board.call("update", task=task, **body, output__error="broke", created="2020-01-02T03:04:05")
    found = await board.read(task)
    assert answer["updated"] == 1
    assert {name: found[name] for name in body} == body
    assert found["output"] == {"destination": "x", "error": "broke"}
    assert found["created"].isoformat() == "2020-01-02T03:04:05+00:00"
    assert found["status"] == "published"
    assert await board.refused("update", task=task, project="nowhere") == (400, 16)
    assert await board.call("update", task=task) == {"updated": 0, "fields": {}}


async def batch(board: Board, lines: bytes) -> dict[str, Any]:
    """The answer to a call of ``tasks.update_batch`` with these lines."""
    call = Call(board.kernel, board.identity, "tasks.update_batch", {}, raw=lines, is_batch=True)
    return dict(await update_batch(call, BatchRequest()))


async def test_update_batch_is_all_or_nothing(board: Board) -> None:
    """One body per line; an unknown task stops them all."""
    one, two = await board.make(), await board.make()
    lines = b"\n".join(msgspec.json.encode({"task": task, "comment": "batch", "method": "get"}) for task in (one, two))
    assert await batch(board, lines + b"\n\n") == {"updated": 2}
    assert [(await board.read(task))["comment"] for task in (one, two)] == ["batch", "batch"]
    other = msgspec.json.encode({"task": one, "comment": "never"}) + b'\n{"task": "nobody"}'
    for body, codes in ((other, (400, 101)), (b"", (400, 17)), (b"{", (400, 0)), (b"[]", (400, 0)), (b"{}", (400, 12))):
        with pytest.raises(ApiError) as caught:
            await batch(board, body)
        assert (caught.value.code, caught.value.subcode) == codes
    assert (await board.read(one))["comment"] == "batch"
    assert await board.call("update_batch", task=one, comment="alone") == {"updated": 1}
    assert (await board.read(one))["comment"] == "alone"


async def test_set_requirements_in_any_status(board: Board) -> None:
    """They replace those of the script; texts and lists stay what they are."""
    task = await board.make("in_progress", script={"entry_point": "a.py", "requirements": {"pip": "old", "conda": "x"}})
    requirements = {"pip": ["numpy", "torch"], "orig_pip": "numpy\n"}
    assert await board.call("set_requirements", task=task, requirements=requirements) == {"updated": 1, "fields": {}}
    script = (await board.read(task))["script"]
    assert (script["requirements"], script["entry_point"]) == (requirements, "a.py")


async def test_changes_of_different_fields_do_not_overwrite_each_other(board: Board) -> None:
    """The agent writes runtime while the SDK writes hyperparameters."""
    task = await board.make("in_progress")
    edits = [
        {"runtime": {"progress": "1"}},
        {"hyperparams": {"Args": {"a": {"value": "1"}}}},
        {"configuration": {"c": {"value": "x"}}},
        {"script": {"branch": "b"}},
        {"script": {"diff": "d"}},
        {"execution": {"framework": "f"}},
        {"execution": {"docker_cmd": "d"}},
        {"comment": "c"},
    ]
    await asyncio.gather(*(board.call("edit", task=task, force=True, **edit) for edit in edits))
    found = await board.read(task)
    assert found["runtime"] == {"progress": "1"}
    assert found["hyperparams"]["Args"]["a"]["value"] == "1"
    assert found["configuration"]["c"]["value"] == "x"
    assert (found["script"]["branch"], found["script"]["diff"]) == ("b", "d")
    assert (found["execution"]["framework"], found["execution"]["docker_cmd"]) == ("f", "d")
    assert found["comment"] == "c"


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00", "1970-01-01T00:00:00.001", "9999-12-31T23:59:59.999999"])
async def test_times_at_the_edges_can_be_read(board: Board, created: str) -> None:
    """To the millisecond, and never rounded up."""
    task = await board.make()
    await board.call("update", task=task, created=created)
    found = (await board.read(task))["created"]
    assert found == truncate(datetime.fromisoformat(created).replace(tzinfo=UTC))


async def test_numbers_that_no_database_holds(board: Board) -> None:
    """The field is named."""
    body = {"task": await board.make(), "name": "m", "model": "x", "type": "output", "iteration": 2**63}
    assert await board.refused("add_or_update_model", **body) == (400, 12)
