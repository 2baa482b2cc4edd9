"""Making, changing and reading models."""

from typing import Any

import pytest
from trackyard.core.protocol.version import Version

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "0" * 32
URI = "http://files.test/uploading_file"


async def test_a_model_is_ready_unless_it_is_said_not_to_be(shelf: Shelf) -> None:
    answer = await shelf.call("models.create", name="ready", uri=URI)
    assert answer["created"] is True
    assert (await shelf.read_model(answer["id"]))["ready"] is True
    assert (await shelf.read_model(await shelf.model()))["ready"] is False


async def test_a_new_model_has_every_dict_and_list(shelf: Shelf) -> None:
    found = await shelf.read_model(await shelf.model("plain"))
    assert (found["tags"], found["system_tags"]) == ([], [])
    assert found["design"] == found["labels"] == found["metadata"] == found["last_metrics"] == {}
    assert found["last_iteration"] == 0
    assert {"created", "last_update", "last_change", "user", "company", "uri"} <= found.keys()


@pytest.mark.parametrize(
    ("fields", "subcode"),
    [
        ({"name": "ab"}, 800),
        ({"name": "  a  "}, 800),
        ({"uri": "  "}, 204),
        ({"project": UNKNOWN}, 16),
        ({"parent": UNKNOWN}, 16),
        ({"task": UNKNOWN}, 101),
        ({"public": True}, 12),
        ({"labels": {"a": "b"}}, 12),
        ({"metadata": [{"value": "v"}]}, 12),
        ({"uri": None}, 12),
    ],
)
async def test_a_bad_model_is_refused(shelf: Shelf, fields: dict[str, Any], subcode: int) -> None:
    body = {"name": "named", "uri": URI, **fields}
    assert await shelf.refusal("models.create", **body) == (400, subcode)
    if "public" not in fields and fields.get("uri", "") is not None:
        assert await shelf.refusal("models.edit", model=await shelf.model(), **fields) == (400, subcode)


async def test_a_public_model_needs_a_public_project(shelf: Shelf) -> None:
    project = await shelf.project("private models")
    assert await shelf.refusal("models.create", name="public", uri=URI, public=True, project=project) == (400, 12)
    await shelf.call("projects.make_public", ids=[project])
    model = await shelf.model(public=True, project=project)
    assert (await shelf.read_model(model))["company"] == ""
    for action in ("edit", "update", "delete", "set_ready"):
        assert await shelf.refusal(f"models.{action}", model=model, comment="new") == (400, 201)


async def test_metadata_is_kept_by_key(shelf: Shelf) -> None:
    item = {"key": "k.1", "type": "int", "value": "1"}
    by_key, by_list = await shelf.model(metadata={"k.1": item}), await shelf.model(metadata=[item])
    assert (await shelf.read_model(by_key))["metadata"] == {"k.1": item} == (await shelf.read_model(by_list))["metadata"]


async def test_an_edit_tells_what_it_wrote(shelf: Shelf) -> None:
    project, task = await shelf.project("edited models"), await shelf.task("maker")
    model = await shelf.model()
    fields = {
        "name": "final",
        "uri": "http://files.test/final.bin",
        "comment": "text",
        "tags": ["b", "a"],
        "framework": "PyTorch",
        "design": {"design": ""},
        "labels": {"background": 0, "person": 1},
        "project": project,
        "task": task,
    }
    answer = await shelf.call("models.edit", model=model, **fields, system_tags=[], parent=None)
    assert answer["updated"] == 1
    assert answer["fields"].items() >= fields.items()
    assert answer["fields"]["ui_cache"] == {}
    found = await shelf.read_model(model)
    assert found.items() >= {**fields, "tags": ["a", "b"]}.items()
    assert await shelf.call("models.edit", model=model) == {"updated": 0, "fields": {}}


async def test_an_edit_of_data_moves_last_update(shelf: Shelf) -> None:
    model = await shelf.model()
    before = await shelf.read_model(model)
    await shelf.call("models.edit", model=model, tags=["x"], comment="y")
    described = await shelf.read_model(model)
    assert described["last_update"] == before["last_update"]
    answer = await shelf.call("models.edit", model=model, labels={"a": 1})
    assert "last_update" in answer["fields"]


async def test_a_ready_model_can_be_edited(shelf: Shelf) -> None:
    model = await shelf.model(ready=True)
    assert (await shelf.call("models.edit", model=model, comment="later"))["updated"] == 1
    assert (await shelf.read_model(model))["ready"] is True


async def test_the_iteration_moves_the_task_forward_only(shelf: Shelf) -> None:
    task = await shelf.task()
    model = await shelf.model(task=task)
    await shelf.call("models.edit", model=model, iteration=7)
    await shelf.call("models.update", model=model, iteration=3)
    assert (await shelf.read_task(task))["last_iteration"] == 7


async def test_an_update_does_not_take_readiness_away(shelf: Shelf) -> None:
    model = await shelf.model(ready=True)
    await shelf.call("models.update", model=model, name="renamed", ready=False, tags="one", ui_cache={"open": True})
    found = await shelf.read_model(model)
    assert (found["ready"], found["name"], found["tags"]) == (True, "renamed", ["one"])
    draft = await shelf.model()
    await shelf.call("models.update", model=draft, ready=True)
    assert (await shelf.read_model(draft))["ready"] is True


async def test_metadata_is_added_replaced_and_removed(shelf: Shelf) -> None:
    model = await shelf.model()

    async def values() -> dict[str, str]:
        return {key: item["value"] for key, item in (await shelf.read_model(model))["metadata"].items()}

    async def add(items: Any, **body: Any) -> int:
        updated: int = (await shelf.call("models.add_or_update_metadata", model=model, metadata=items, **body))["updated"]
        return updated

    assert await add([{"key": "a", "type": "str", "value": "1"}, {"key": "b", "value": "2"}]) == 1
    assert await add([{"key": "b", "value": "3"}]) == 1
    assert await add([{"key": "b", "value": "3"}]) == 0
    assert await values() == {"a": "1", "b": "3"}
    found = await shelf.call("models.get_all", only_fields=["id"], **{"metadata.b.value": "3"})
    assert {"id": model} in found["models"]
    assert await shelf.call("models.delete_metadata", model=model, keys=["a", "x"]) == {"updated": 1}
    assert await shelf.call("models.delete_metadata", model=model, keys=["a"]) == {"updated": 0}
    assert await add([{"key": "c", "value": "4"}], replace_metadata=True) == 1
    assert await values() == {"c": "4"}
    assert await shelf.refusal("models.add_or_update_metadata", model=model, metadata=[{"value": "x"}]) == (400, 12)
    assert await shelf.refusal("models.delete_metadata", model=UNKNOWN, keys=[]) == (400, 201)


async def test_models_are_found_by_uri_task_and_tags(shelf: Shelf) -> None:
    task, uri = await shelf.task(), "http://files.test/only one.bin"
    model = await shelf.model(task=task, uri=uri, tags=["t"])
    for filters in ({"uri": [uri]}, {"uri": uri}, {"task": [task]}, {"id": model}, {"task": task, "system_tags": ["-archived"]}):
        found = await shelf.call("models.get_all", only_fields=["id"], order_by=["-created"], **filters)
        assert found["models"] == [{"id": model}], filters
    assert (await shelf.call("models.get_all", uri=[uri], ready=True))["models"] == []
    assert (await shelf.call("models.get_all", uri=[uri], ready=None, user=None))["models"] != []
    assert (await shelf.call("models.get_all", id=[UNKNOWN]))["models"] == []


async def test_references_and_labels_are_shown(shelf: Shelf) -> None:
    project, task = await shelf.project("shown models"), await shelf.task("maker")
    model = await shelf.model(project=project, task=task, labels={"a": 1, "b": 2})
    fields = ["name", "project.name", "task.name", "user.name"]
    found = await shelf.call("models.get_all_ex", id=[model], only_fields=fields, include_stats=True)
    (shown,) = found["models"]
    assert (shown["project"], shown["task"]) == ({"id": project, "name": "shown models"}, {"id": task, "name": "maker"})
    assert shown["stats"] == {"labels_count": 2}
    found = await shelf.call("models.get_by_id_ex", id=[model], only_fields=["design", "metadata", "task.project"])
    assert found["models"][0]["design"] == {}


async def test_frameworks_of_projects(shelf: Shelf) -> None:
    child = await shelf.project("frameworks/child")
    top = (await shelf.read_project(child))["parent"]
    for framework in ("Keras", "PyTorch", "Keras", "", None):
        await shelf.model(project=child, framework=framework)
    assert await shelf.call("models.get_frameworks", projects=[top]) == {"frameworks": ["Keras", "PyTorch"]}
    assert set((await shelf.call("models.get_frameworks"))["frameworks"]) >= {"Keras", "PyTorch"}


async def test_changes_of_models_move_their_project(shelf: Shelf) -> None:
    project = await shelf.project("touched")
    before = (await shelf.read_project(project))["last_update"]
    model = await shelf.model(project=project)
    made = (await shelf.read_project(project))["last_update"]
    assert made >= before
    await shelf.call("models.delete", model=model)
    assert (await shelf.read_project(project))["last_update"] >= made


async def test_withdrawn_endpoints_say_so(shelf: Shelf) -> None:
    assert await shelf.refusal("models.get_by_task_id", task=UNKNOWN) == (301, 1)
    assert await shelf.refusal("models.update_for_task", task=UNKNOWN, uri=URI) == (301, 1)


async def test_unknown_models_are_told(shelf: Shelf) -> None:
    for action in ("get_by_id", "edit", "update", "set_ready", "delete"):
        assert await shelf.refusal(f"models.{action}", model=UNKNOWN) == (400, 201), action


async def test_metadata_is_a_list_for_old_versions(shelf: Shelf) -> None:
    """Up to version 2.16 of the protocol; the items are the same."""
    item = {"key": "accuracy", "type": "float", "value": "0.5"}
    model = await shelf.model(metadata={"accuracy": item})
    for name, body, place in (
        ("models.get_by_id", {"model": model}, "model"),
        ("models.get_all", {"id": [model]}, "models"),
        ("models.get_all_ex", {"id": [model], "only_fields": ["metadata"]}, "models"),
        ("models.get_by_id_ex", {"id": [model]}, "models"),
        ("models.edit", {"model": model, "metadata": {"accuracy": item}, "comment": "c"}, "fields"),
    ):
        for version, expected in ((Version(2, 13), [item]), (Version(2, 16), [item]), (Version(2, 17), {"accuracy": item})):
            answer = await shelf.kernel.call(name, body, shelf.identity, version)
            found = answer[place][0] if isinstance(answer[place], list) else answer[place]
            assert found["metadata"] == expected, (name, version)
    assert "metadata" not in (await shelf.kernel.call("models.get_all", {"only_fields": ["id"]}, shelf.identity, Version(2, 13)))
