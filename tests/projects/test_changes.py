"""Making, changing, moving and merging projects through the endpoints."""

import pytest

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_project_is_made_with_its_parents(shelf: Shelf) -> None:
    project = await shelf.project("made//by / me/", description="text", tags=["t"], default_output_destination="s3://b")
    found = await shelf.read_project(project)
    assert (found["name"], found["basename"], found["description"]) == ("made/by/me", "me", "text")
    assert (found["tags"], found["system_tags"], found["default_output_destination"]) == (["t"], [], "s3://b")
    assert len(found["path"]) == 2
    assert found["parent"] == found["path"][1]
    assert {"created", "last_update", "user", "company"} <= found.keys()
    above = await shelf.call("projects.get_all", id=found["path"], only_fields=["name"], order_by=["name"])
    assert [project["name"] for project in above["projects"]] == ["made", "made/by"]


@pytest.mark.parametrize(
    ("name", "subcode"), [("x", 800), ("  ", 407), ("/", 407), ("/".join("abcdefghijk"), 409), ("taken/ one", 801)]
)
async def test_a_bad_name_is_refused(shelf: Shelf, name: str, subcode: int) -> None:
    await shelf.call("projects.get_all")
    if subcode == 801:
        await shelf.project("taken/one")
    assert await shelf.refusal("projects.create", name=name) == (400, subcode)


async def test_a_missing_name_is_named(shelf: Shelf) -> None:
    assert await shelf.refusal("projects.create") == (400, 12)
    assert await shelf.refusal("projects.create", name=3) == (400, 12)


async def test_unknown_projects_are_told(shelf: Shelf) -> None:
    for action in ("get_by_id", "update", "move", "merge", "delete", "validate_delete"):
        assert await shelf.refusal(f"projects.{action}", project="0" * 32) == (400, 401), action


async def test_an_update_tells_what_it_wrote(shelf: Shelf) -> None:
    project = await shelf.project("updated")
    answer = await shelf.call("projects.update", project=project, system_tags=["hidden", "dataset"], description="new")
    assert answer == {"updated": 1, "fields": {"description": "new", "system_tags": ["hidden", "dataset"]}}
    assert (await shelf.read_project(project))["system_tags"] == ["dataset", "hidden"]
    assert await shelf.call("projects.update", project=project) == {"updated": 0, "fields": {}}
    before = (await shelf.read_project(project))["last_update"]
    await shelf.call("projects.update", project=project, tags=[])
    assert (await shelf.read_project(project))["last_update"] == before


async def test_a_new_name_takes_the_descendants_along(shelf: Shelf) -> None:
    deep = await shelf.project("rename me/old/deep/x")
    old = (await shelf.read_project(deep))["path"][1]
    answer = await shelf.call("projects.update", project=old, name="rename me/new")
    assert answer == {"updated": 1, "fields": {"name": "rename me/new", "basename": "new"}}
    assert (await shelf.read_project(deep))["name"] == "rename me/new/deep/x"


async def test_an_update_does_not_move(shelf: Shelf) -> None:
    nested = await shelf.project("stay/here")
    await shelf.project("stay/there")
    for name, subcode in (("here", 408), ("elsewhere/here", 408), ("stay/there", 801), ("stay/here/below", 408)):
        assert await shelf.refusal("projects.update", project=nested, name=name) == (400, subcode)
    assert (await shelf.call("projects.update", project=nested, name="stay/here"))["updated"] == 0


async def test_a_project_moves_with_its_subtree(shelf: Shelf) -> None:
    child = await shelf.project("from/moved/child")
    moved, origin = (await shelf.read_project(child))["path"][::-1]
    assert await shelf.call("projects.move", project=moved, new_location="to/new/place") == {"moved": 2}
    found = await shelf.read_project(child)
    assert found["name"] == "to/new/place/moved/child"
    assert len(found["path"]) == 4
    assert origin not in found["path"]
    assert await shelf.refusal("projects.move", project=moved, new_location="to/new/place") == (400, 410)
    for below in ("to/new/place/moved", "to/new/place/moved/child", "to/new/place/moved/child/new"):
        assert await shelf.refusal("projects.move", project=moved, new_location=below) == (400, 411)
    assert await shelf.call("projects.move", project=moved, new_location="") == {"moved": 2}
    assert "parent" not in await shelf.read_project(moved)


async def test_a_move_is_refused_where_the_name_is_taken_or_the_tree_too_deep(shelf: Shelf) -> None:
    await shelf.project("busy/same")
    same = await shelf.project("other/same")
    assert await shelf.refusal("projects.move", project=same, new_location="busy") == (400, 801)
    deep = await shelf.project("deep/a/b/c/d")
    top = (await shelf.read_project(deep))["path"][0]
    assert await shelf.refusal("projects.move", project=top, new_location="1/2/3/4/5/6") == (400, 409)
    found = await shelf.call("projects.get_all", name="^1", only_fields=["name"])
    assert found["projects"] == [], "a refused move leaves no parents behind"


async def test_a_name_that_becomes_too_long_is_refused(shelf: Shelf) -> None:
    part = "n" * 250
    deep = await shelf.project(f"long/{part}/{part}")
    above = (await shelf.read_project(deep))["parent"]
    assert await shelf.refusal("projects.move", project=above, new_location="m" * 200) == (400, 800)
    assert await shelf.refusal("projects.update", project=above, name=f"long/{'o' * 400}") == (400, 800)


async def test_merging_moves_contents_and_removes_the_source(shelf: Shelf) -> None:
    source, target = await shelf.project("merge/source"), await shelf.project("merge/target")
    child = await shelf.project("merge/source/child")
    task, model = await shelf.task(project=source), await shelf.model(project=source)
    answer = await shelf.call("projects.merge", project=source, destination_project=target)
    assert answer == {"moved_entities": 2, "moved_projects": 1}
    assert await shelf.refusal("projects.get_by_id", project=source) == (400, 401)
    assert (await shelf.read_project(child))["name"] == "merge/target/child"
    assert (await shelf.read_task(task))["project"] == target == (await shelf.read_model(model))["project"]


async def test_merging_a_child_of_the_same_name_into_its_parent(shelf: Shelf) -> None:
    deep = await shelf.project("twin/twin/twin/twin/twin")
    top, second, *between = (await shelf.read_project(deep))["path"]
    answer = await shelf.call("projects.merge", project=second, destination_project=top)
    assert answer == {"moved_entities": 0, "moved_projects": 3}
    names = [(await shelf.read_project(project))["name"] for project in (top, *between, deep)]
    assert names == ["twin", "twin/twin", "twin/twin/twin", "twin/twin/twin/twin"]


async def test_what_cannot_be_merged(shelf: Shelf) -> None:
    child = await shelf.project("unmerged/child")
    parent = (await shelf.read_project(child))["parent"]
    assert await shelf.refusal("projects.merge", project=parent, destination_project=parent) == (400, 410)
    assert await shelf.refusal("projects.merge", project=parent, destination_project=child) == (400, 412)
    assert await shelf.refusal("projects.merge", project=parent, destination_project="0" * 32) == (400, 401)


async def test_a_public_project_is_read_only(shelf: Shelf) -> None:
    project = await shelf.project("for everybody")
    assert await shelf.call("projects.make_public", ids=[project]) == {"updated": 1}
    assert (await shelf.read_project(project))["company"] == ""
    for action, fields in (("update", {"tags": ["x"]}), ("move", {"new_location": "x/y"}), ("delete", {})):
        assert await shelf.refusal(f"projects.{action}", project=project, **fields) == (400, 401)
    assert await shelf.refusal("projects.create", name="for everybody") == (400, 414)
    shown = await shelf.call("projects.get_all_ex", id=[project], only_fields=["company"])
    assert shown["projects"][0]["company"] == {"id": ""}
    assert await shelf.call("projects.make_private", ids=[project]) == {"updated": 1}
    assert (await shelf.call("projects.update", project=project, tags=["x"]))["updated"] == 1
