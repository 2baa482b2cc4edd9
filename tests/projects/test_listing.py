"""Lists of projects: filters by place and contents, hidden ones, and what is told of the contents."""

from datetime import timedelta
from typing import Any

import pytest
from trackyard.core import clock
from trackyard.core.identity import Identity

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def names(shelf: Shelf, action: str = "get_all_ex", **body: Any) -> list[str]:
    """The names of the projects that a list shows, sorted."""
    found = await shelf.call(f"projects.{action}", only_fields=["name"], **body)
    return sorted(project["name"] for project in found["projects"])


async def one(shelf: Shelf, project: str, **body: Any) -> dict[str, Any]:
    """One project with what is asked to be told of it."""
    found = await shelf.call("projects.get_all_ex", id=[project], **body)
    assert len(found["projects"]) == 1
    shown: dict[str, Any] = found["projects"][0]
    return shown


async def test_the_name_is_searched_by_a_pattern(shelf: Shelf) -> None:
    await shelf.project("find/sub one")
    assert await names(shelf, "get_all", name="^find/sub\\ one$") == ["find/sub one"]
    assert await names(shelf, "get_all", name="FIND") == []
    assert await names(shelf, _any_={"pattern": "FIND/s", "fields": ["name", "id"]}) == ["find/sub one"]
    assert await shelf.refusal("projects.get_all", name="(") == (400, 21)
    assert await shelf.refusal("projects.get_all", only_fields=["nothing"]) == (400, 14)
    assert await shelf.refusal("projects.get_all", page=-1) == (400, 12)


async def test_parent_means_any_depth_unless_the_search_is_shallow(shelf: Shelf) -> None:
    deep = await shelf.project("depth/middle/deep")
    top = (await shelf.read_project(deep))["path"][0]
    assert await names(shelf, parent=[top]) == ["depth/middle", "depth/middle/deep"]
    assert await names(shelf, parent=top, shallow_search=True) == ["depth/middle"]
    shallow = await names(shelf, shallow_search=True)
    assert "depth" in shallow
    assert "depth/middle" not in shallow


async def test_hidden_projects_are_shown_when_asked_for(shelf: Shelf) -> None:
    hidden = await shelf.project("shown/.datasets/set", system_tags=["hidden", "dataset"])
    folder = (await shelf.read_project(hidden))["parent"]
    assert await names(shelf, name="^shown/") == ["shown/.datasets"], "the folder is untagged at first, as clients expect"
    await shelf.call("projects.update", project=folder, system_tags=["hidden"])
    assert await names(shelf, name="^shown/") == []
    assert await names(shelf, name="^shown/", search_hidden=True) == ["shown/.datasets", "shown/.datasets/set"]
    assert await names(shelf, id=[hidden]) == ["shown/.datasets/set"]
    found = await shelf.call("projects.get_all", name="^shown", search_hidden=True, only_fields=["name"], order_by=["name"])
    assert [project.get("hidden", False) for project in found["projects"]] == [False, True, True]


async def test_pages_and_scrolls(shelf: Shelf) -> None:
    for number in range(5):
        await shelf.project(f"paged/{number}")
    body = {"name": "^paged/", "order_by": ["name"], "only_fields": ["name"]}
    pages = [await shelf.call("projects.get_all", page=page, page_size=2, **body) for page in range(4)]
    assert [len(page["projects"]) for page in pages] == [2, 2, 1, 0]
    first = await shelf.call("projects.get_all_ex", scroll_id=None, size=3, **body)
    rest = await shelf.call("projects.get_all_ex", scroll_id=first["scroll_id"], size=3, **body)
    assert rest["scroll_id"] == first["scroll_id"]
    assert [project["name"] for project in first["projects"] + rest["projects"]] == [f"paged/{n}" for n in range(5)]


async def test_references_are_objects(shelf: Shelf) -> None:
    project = await shelf.project("references/one")
    found = await one(shelf, project, only_fields=["name", "user.name", "company", "parent.name"])
    assert found["company"].keys() == {"id"}
    assert found["parent"]["name"] == "references"
    assert found["id"] == project


async def test_statistics_count_the_whole_subtree_by_status(shelf: Shelf) -> None:
    child = await shelf.project("stats/child")
    top = (await shelf.read_project(child))["parent"]
    started = clock.now() - timedelta(hours=2)
    done = await shelf.task(project=child)
    await shelf.write(done, status="completed", started=started, completed=clock.now(), active_duration=60)
    old = await shelf.task(project=top)
    long_ago = clock.now() - timedelta(days=3)
    await shelf.write(old, status="completed", started=long_ago, completed=long_ago + timedelta(seconds=30))
    archived = await shelf.task(project=top, system_tags=["archived"])
    await shelf.task(project=top)
    found = await one(shelf, top, include_stats=True)
    active = found["stats"]["active"]
    assert {status: count for status, count in active["status_count"].items() if count} == {"completed": 2, "created": 1}
    assert len(active["status_count"]) >= 9
    assert (active["total_tasks"], active["total_runtime"], active["completed_tasks_24h"]) == (3, 90, 1)
    assert active["max_task_started"] == started == active["last_task_run"]
    assert found["stats"]["archived"]["total_tasks"] == 1
    assert found["sub_projects"] == [{"id": child, "name": "stats/child"}]
    alone = await one(shelf, top, include_stats=True, stats_with_children=False, stats_for_state="active")
    assert alone["stats"]["active"]["total_tasks"] == 2
    assert "archived" not in alone["stats"]
    assert (await shelf.read_task(archived))["project"] == top


async def test_statistics_obey_their_filter_and_leave_hidden_projects_out(shelf: Shelf) -> None:
    hidden = await shelf.project("filtered/.pipelines/pipe", system_tags=["hidden", "pipeline"])
    folder = (await shelf.read_project(hidden))["parent"]
    top = (await shelf.read_project(folder))["parent"]
    await shelf.call("projects.update", project=folder, system_tags=["hidden", "pipeline"])
    await shelf.task(project=hidden, type="controller", system_tags=["pipeline"])
    await shelf.task(project=top, type="testing")
    await shelf.task(project=top)

    async def total(**body: Any) -> int:
        found = await one(shelf, top, include_stats=True, **body)
        count: int = found["stats"]["active"]["total_tasks"]
        return count

    assert await total() == 2
    assert await total(search_hidden=True) == 3
    assert await total(search_hidden=True, include_stats_filter={"system_tags": ["-pipeline"]}) == 2
    assert await total(include_stats_filter={"type": ["testing"]}) == 1
    card = await one(shelf, hidden, include_stats=True, include_stats_filter={"type": ["controller"]})
    assert card["stats"]["active"]["total_tasks"] == 1
    assert (await one(shelf, top, include_stats=True))["sub_projects"] == []


async def test_what_is_computed_rides_on_top_of_the_projection(shelf: Shelf) -> None:
    project = await shelf.project("projected")
    await shelf.task(project=project)
    await shelf.model(project=project)
    await shelf.project("projected/.datasets/set", system_tags=["hidden", "dataset"])
    await shelf.project("projected/child/.datasets/set", system_tags=["hidden", "dataset"])
    body = {"include_stats": True, "check_own_contents": True, "include_dataset_stats": True}
    found = await one(shelf, project, only_fields=["name"], **body)
    own = {"own_tasks": 1, "own_models": 1, "own_datasets": 1}
    assert found.keys() == {"id", "name", "stats", "sub_projects", "dataset_stats", *own}
    assert found.items() >= own.items()
    assert found["dataset_stats"] == {"file_count": 0, "total_size": 0}


async def test_the_size_of_a_dataset_is_that_of_its_newest_version(shelf: Shelf) -> None:
    project = await shelf.project("sized/.datasets/set", system_tags=["hidden", "dataset"])
    for files, archived in ((1, []), (7, []), (9, ["archived"])):
        version = await shelf.task(project=project, type="data_processing", system_tags=["dataset", *archived])
        runtime = {"ds_file_count": files, "ds_link_count": 2, "ds_total_size": 100 * files}
        await shelf.call("tasks.edit", task=version, force=True, runtime=runtime)
    found = await one(shelf, project, include_dataset_stats=True)
    assert found["dataset_stats"] == {"file_count": 9, "total_size": 700}


async def test_projects_by_the_type_of_their_children(shelf: Shelf) -> None:
    data = await shelf.project("typed data/.datasets/set", system_tags=["hidden", "dataset"], tags=["red"])
    pipe = await shelf.project("typed pipe/.pipelines/run", system_tags=["hidden", "pipeline"])
    for project in (data, pipe):
        folder = (await shelf.read_project(project))["parent"]
        await shelf.call("projects.update", project=folder, system_tags=["hidden"])
    told = await shelf.project("typed told")
    await shelf.report(project=told, tags=["blue"])
    assert await names(shelf, name="^typed", children_type="dataset") == ["typed data"]
    assert await names(shelf, name="^typed", children_type="pipeline") == ["typed pipe"]
    assert await names(shelf, name="^typed", children_type="report") == ["typed told"]
    assert await names(shelf, name="^typed", children_type="dataset", children_tags=["red"]) == ["typed data"]
    assert await names(shelf, name="^typed", children_type="dataset", children_tags=["blue"]) == []
    wanted = {"any": {"include": ["blue"]}}
    assert await names(shelf, name="^typed", children_type="report", children_tags_filter=wanted) == ["typed told"]
    top = await shelf.call("projects.get_all_ex", name="^typed data$", include_stats=True, children_type="dataset")
    assert top["projects"][0]["stats"]["datasets"] == {"count": 1, "tags": ["red"]}
    body = {"include_stats": True, "children_type": "report"}
    assert (await one(shelf, told, **body))["stats"]["reports"] == {"count": 1, "tags": ["blue"]}
    top = await shelf.call("projects.get_all_ex", name="^typed pipe$", include_stats=True, children_type="pipeline")
    assert top["projects"][0]["stats"]["pipelines"] == {"count": 1, "tags": []}


async def test_projects_of_active_users(shelf: Shelf) -> None:
    somebody = Shelf(shelf.kernel, Identity(user="somebody", name="Somebody"))
    mine, theirs = await shelf.project("users/mine/deep"), await shelf.project("users/theirs")
    await shelf.task(project=mine)
    await somebody.task(project=theirs)
    await somebody.model(project=(await shelf.read_project(mine))["path"][1])
    assert await names(shelf, name="^users/", active_users=["somebody"]) == ["users/mine", "users/theirs"]
    assert await names(shelf, name="^users", active_users=["__tests__"]) == ["users", "users/mine", "users/mine/deep"]
    top = (await shelf.read_project(theirs))["parent"]
    counted = await one(shelf, top, include_stats=True, active_users=["somebody"])
    assert counted["stats"]["active"]["total_tasks"] == 1


async def test_a_list_of_nothing_is_told_as_one(shelf: Shelf) -> None:
    assert (await shelf.call("projects.get_all_ex", name="^nowhere$", include_stats=True))["projects"] == []
    assert (await shelf.call("projects.get_all", id=["0" * 32]))["projects"] == []
