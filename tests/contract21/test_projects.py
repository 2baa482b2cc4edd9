"""Projects, models and reports as the SDK and the web use them, over HTTP."""

import asyncio
from typing import Any

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRAY = {"method": "get"}
"""What every body of the SDK has beside its fields."""


async def by_name(api: Api, pattern: str, *fields: str) -> list[dict[str, Any]]:
    """Projects as the SDK looks for them."""
    body = {"name": pattern, "only_fields": list(fields) or ["id"], "shallow_search": False, "search_hidden": True, **STRAY}
    found: list[dict[str, Any]] = (await api.call("v2.23/projects.get_all", body))["projects"]
    return found


async def test_a_project_is_looked_for_then_made(api: Api) -> None:
    assert await by_name(api, "^proj/sub\\ one$") == []
    made = await api.call("v2.23/projects.create", {"name": "proj/sub one", "description": "", **STRAY})
    (found,) = await by_name(api, "^proj/sub\\ one$")
    assert found["id"] == made["id"]
    shown = (await api.call("v2.23/projects.get_by_id", {"project": made["id"], **STRAY}))["project"]
    assert shown.keys() >= {"id", "company", "user", "name", "basename", "description", "created", "last_update", "parent"}
    assert (shown["tags"], shown["system_tags"]) == ([], [])
    assert shown["last_update"].endswith("+00:00")


async def test_a_dataset_hides_its_project_and_the_folder(api: Api) -> None:
    leaf = (await api.call("projects.create", {"name": "dsproj/.datasets/my ds", "description": ""}))["id"]
    (folder,) = await by_name(api, "^dsproj/\\.datasets$", "id", "system_tags")
    assert folder["system_tags"] == []
    for project, tags in ((folder["id"], ["hidden"]), (leaf, ["hidden", "dataset"])):
        answer = await api.call("v2.23/projects.update", {"project": project, "system_tags": tags, **STRAY})
        assert (answer["updated"], answer["fields"]) == (1, {"system_tags": tags})
    (found,) = await by_name(api, "^dsproj/\\.datasets/my\\ ds$", "id", "system_tags")
    assert found["system_tags"] == ["dataset", "hidden"]
    plain = await api.call("projects.get_all", {"name": "^dsproj", "only_fields": ["name"]})
    assert [project["name"] for project in plain["projects"]] == ["dsproj"]
    renamed = await api.call("projects.update", {"project": leaf, "name": "dsproj/.datasets/other"})
    assert renamed["fields"]["name"] == "dsproj/.datasets/other"


async def test_names_of_projects_are_read_until_a_page_is_empty(api: Api) -> None:
    ids = [(await api.call("projects.create", {"name": f"pages/{number}"}))["id"] for number in range(3)]
    body = {"id": ids, "only_fields": ["id", "name"], "order_by": ["last_update"], "page_size": 2}
    pages = [(await api.call("projects.get_all", {**body, "page": page}))["projects"] for page in range(3)]
    assert [len(page) for page in pages] == [2, 1, 0]


async def test_one_name_made_by_many_at_once_is_one_project(api: Api) -> None:
    answers = await asyncio.gather(*(api.ask("projects.create", {"name": "raced/deep/one"}) for _ in range(8)))
    assert sorted(answer.codes for answer in answers) == [(200, 0)] + [(400, 801)] * 7
    assert [len(await by_name(api, f"^{name}$")) for name in ("raced", "raced/deep", "raced/deep/one")] == [1, 1, 1]


async def test_an_output_model_as_the_sdk_makes_it(api: Api) -> None:
    project = (await api.call("projects.create", {"name": "models of the sdk"}))["id"]
    task = (await api.call("tasks.create", {"name": "maker", "type": "training", "project": project}))["id"]
    uploading = "http://127.0.0.1:8081/uploading_file"
    body = {"uri": uploading, "name": "Anonymous model", "labels": {}, "ready": False, "public": False, "project": project}
    made = await api.call("v2.23/models.create", {**body, **STRAY})
    assert made["created"] is True
    model = made["id"]
    final = {
        "model": model,
        "uri": "http://127.0.0.1:8081/models%20of/sdk/m.bin",
        "name": "mymodel",
        "comment": "snapshot ./m.bin stored",
        "tags": ["mt"],
        "system_tags": [],
        "framework": "PyTorch",
        "design": {"design": ""},
        "labels": {"bg": 0, "fg": 1},
        "project": project,
        "task": task,
        "iteration": 5,
    }
    answer = await api.call("v2.23/models.edit", {**final, **STRAY})
    assert answer["updated"] == 1
    assert answer["fields"]["uri"] == final["uri"]
    item = {"key": "mkey", "type": "str", "value": "mval"}
    body = {"model": model, "metadata": [item], "replace_metadata": False}
    assert await api.call("v2.23/models.add_or_update_metadata", body) == {"updated": 1}
    shown = (await api.call("v2.23/models.get_by_id", {"model": model}))["model"]
    assert shown["metadata"] == {"mkey": item}
    assert list(shown["labels"].items()) == [("bg", 0), ("fg", 1)]
    query = {
        "project": [project],
        "tags": ["mt"],
        "system_tags": ["-archived"],
        "only_fields": ["id", "created", "system_tags"],
        "order_by": ["-created"],
        "page": 0,
        "page_size": 500,
        "metadata.mkey.value": "mval",
    }
    (found,) = (await api.call("v2.23/models.get_all", {**query, **STRAY}))["models"]
    assert found["id"] == model
    assert (await api.call("models.set_ready", {"model": model, "publish_task": False}))["updated"] == 1
    deleted = await api.call("models.delete", {"model": model})
    assert deleted["deleted"] is True
    assert (await api.ask("models.delete", {"model": model})).codes == (400, 201)


async def test_deletions_tell_numbers_or_booleans(api: Api) -> None:
    project = (await api.call("projects.create", {"name": "gone soon"}))["id"]
    deleted = (await api.call("projects.delete", {"project": project}))["deleted"]
    assert (deleted, type(deleted)) == (1, int)
    report = (await api.call("reports.create", {"name": "gone soon"}))["id"]
    deleted = (await api.call("reports.delete", {"task": report}))["deleted"]
    assert (deleted, type(deleted)) == (1, int)


async def test_withdrawn_endpoints_have_the_envelope(api: Api) -> None:
    answer = await api.ask("models.update_for_task", {"task": "0" * 32, "uri": "http://127.0.0.1/m"})
    assert answer.codes == (301, 1)
    assert answer.data == {}


async def test_the_web_gets_what_its_cards_read(api: Api) -> None:
    project = (await api.call("projects.create", {"name": "carded", "system_tags": [], "description": "text"}))["id"]
    await api.call("tasks.create", {"name": "one", "type": "training", "project": project})
    body = {
        "stats_for_state": "active",
        "include_stats": True,
        "check_own_contents": True,
        "order_by": ["featured", "-last_update"],
        "page": 0,
        "page_size": 6,
        "include_stats_filter": {"system_tags": ["-pipeline"]},
        "only_fields": ["name", "basename", "company", "user", "created", "default_output_destination"],
        "permission_roots_only": True,
        "name": "^carded$",
        "project.name": ["ignored"],
        "user": None,
    }
    (card,) = (await api.call("v999.0/projects.get_all_ex", body))["projects"]
    assert card["stats"]["active"]["status_count"]["created"] == 1
    assert (card["own_tasks"], card["own_models"], card["sub_projects"]) == (1, 0, [])
    assert card["company"]["id"]
    shown = await api.call("v999.0/storage.get_settings")
    assert shown["settings"].keys() >= {"aws", "google", "azure"}
    assert shown["settings"]["aws"]["buckets"] == shown["settings"]["google"]["buckets"] == []
