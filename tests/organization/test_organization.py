"""Counts and companies."""

import pytest
from trackyard.core.identity import Identity

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_only_what_is_asked_for_is_counted_with_its_own_filters(shelf: Shelf) -> None:
    child = await shelf.project("counted/child")
    await shelf.task("counted task", project=child)
    await shelf.task("counted test", project=child, type="testing")
    await shelf.model("counted model", project=child)
    await shelf.report("counted report", project=child)
    search = {"_any_": {"pattern": "COUNTED", "fields": ["name", "id"]}}
    answer = await shelf.call(
        "organization.get_entities_count",
        projects={"_any_": {"pattern": "counted", "fields": ["name"]}},
        tasks={**search, "type": ["__$not", "report"]},
        models=search,
        reports=search,
    )
    assert answer == {"projects": 2, "tasks": 2, "models": 1, "reports": 1}
    answer = await shelf.call("organization.get_entities_count", tasks={**search, "type": ["testing"]}, models=None)
    assert answer == {"tasks": 1}
    assert await shelf.call("organization.get_entities_count") == {}


async def test_datasets_and_pipelines_are_projects(shelf: Shelf) -> None:
    for folder, tag in ((".datasets", "dataset"), (".pipelines", "pipeline")):
        await shelf.project(f"kinds/{folder}/one", system_tags=["hidden", tag])
    answer = await shelf.call(
        "organization.get_entities_count",
        datasets={"name": "/\\.datasets/", "search_hidden": True, "shallow_search": False, "system_tags": ["dataset"]},
        pipelines={"name": "/\\.pipelines/", "search_hidden": True, "shallow_search": False, "system_tags": ["pipeline"]},
    )
    assert answer == {"datasets": 1, "pipelines": 1}


async def test_counts_of_active_users(shelf: Shelf) -> None:
    somebody = Shelf(shelf.kernel, Identity(user="somebody", name="Somebody"))
    project = await shelf.project("active")
    await somebody.task("active task", project=project)
    await shelf.model("active model", project=project)
    body = {"projects": {"name": "^active$"}, "tasks": {"project": [project]}, "models": {"project": [project]}}
    answer = await shelf.call("organization.get_entities_count", active_users=["somebody"], **body)
    assert answer == {"projects": 1, "tasks": 1, "models": 0}
    answer = await shelf.call("organization.get_entities_count", active_users=["nobody"], **body)
    assert answer == {"projects": 0, "tasks": 0, "models": 0}


async def test_public_objects_count_unless_they_are_refused(shelf: Shelf) -> None:
    task = await shelf.task("public count")
    await shelf.call("tasks.make_public", ids=[task])
    body = {"tasks": {"name": "^public count$"}}
    assert await shelf.call("organization.get_entities_count", **body) == {"tasks": 1}
    assert await shelf.call("organization.get_entities_count", allow_public=False, **body) == {"tasks": 0}


async def test_a_bad_filter_is_told(shelf: Shelf) -> None:
    assert await shelf.refusal("organization.get_entities_count", tasks={"name": "("}) == (400, 21)
    assert await shelf.refusal("organization.get_entities_count", tasks=[]) == (400, 12)


async def test_the_company_of_the_caller(shelf: Shelf) -> None:
    (company,) = (await shelf.call("organization.get_user_companies"))["companies"]
    assert company["id"] == shelf.identity.company
    assert company["allocated"] >= 1
    assert {"id", "name"} <= company["owners"][0].keys()
