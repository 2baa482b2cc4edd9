"""Deleting projects: what stands in the way, and what goes with them."""

from typing import Any

import pytest

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = {
    "tasks": 0,
    "non_archived_tasks": 0,
    "models": 0,
    "non_archived_models": 0,
    "reports": 0,
    "non_archived_reports": 0,
    "pipelines": 0,
    "datasets": 0,
}


async def counts(shelf: Shelf, project: str) -> dict[str, int]:
    """What `projects.validate_delete` counts, without what is not there."""
    found = await shelf.call("projects.validate_delete", project=project)
    assert found.keys() == NOTHING.keys()
    return {name: count for name, count in found.items() if count}


async def refused(shelf: Shelf, project: str, **body: Any) -> int:
    """The subcode of a refused deletion."""
    code, subcode = await shelf.refusal("projects.delete", project=project, **body)
    assert code == 400
    return subcode


async def test_an_empty_project_goes_with_its_children(shelf: Shelf) -> None:
    child = await shelf.project("empty/child")
    top = (await shelf.read_project(child))["parent"]
    assert await counts(shelf, top) == {}
    answer = await shelf.call("projects.delete", project=top)
    urls: dict[str, list[str]] = {"model_urls": [], "event_urls": [], "artifact_urls": []}
    expected = {"deleted": 2, "disassociated_tasks": 0, "deleted_models": 0, "deleted_tasks": 0, "urls": urls}
    assert answer == expected
    assert await shelf.refusal("projects.get_by_id", project=child) == (400, 401)


async def test_tasks_stand_in_the_way_until_they_are_archived(shelf: Shelf) -> None:
    child = await shelf.project("with tasks/child")
    top = (await shelf.read_project(child))["parent"]
    task = await shelf.task(project=child)
    assert await counts(shelf, top) == {"tasks": 1, "non_archived_tasks": 1}
    assert await refused(shelf, top) == await refused(shelf, top, delete_contents=True) == 402
    await shelf.write(task, system_tags=["archived"])
    assert await counts(shelf, top) == {"tasks": 1}
    answer = await shelf.call("projects.delete", project=top)
    assert (answer["disassociated_tasks"], answer["deleted_tasks"]) == (1, 0)
    assert "project" not in await shelf.read_task(task)


async def test_models_and_reports_stand_in_the_way(shelf: Shelf) -> None:
    project = await shelf.project("with models")
    model, report = await shelf.model(project=project), await shelf.report(project=project)
    both = {"models": 1, "non_archived_models": 1, "reports": 1, "non_archived_reports": 1}
    assert await counts(shelf, project) == both
    assert await refused(shelf, project) == 402
    await shelf.call("reports.archive", task=report)
    assert await refused(shelf, project) == 405
    await shelf.call("models.archive_many", ids=[model])
    assert await counts(shelf, project) == {"models": 1, "reports": 1}
    assert (await shelf.call("projects.delete", project=project))["deleted"] == 2


@pytest.mark.parametrize(("folder", "tag", "subcode"), [(".datasets", "dataset", 406), (".pipelines", "pipeline", 413)])
async def test_datasets_and_pipelines_stand_in_the_way(shelf: Shelf, folder: str, tag: str, subcode: int) -> None:
    project = await shelf.project(f"with {tag}/{folder}/one", system_tags=["hidden", tag])
    top = (await shelf.read_project(project))["path"][0]
    task = await shelf.task(project=project, system_tags=[tag])
    assert await counts(shelf, top) == {"tasks": 1, f"{tag}s": 1}
    assert await refused(shelf, top) == subcode
    assert await counts(shelf, project) == {"tasks": 1, "non_archived_tasks": 1}
    assert await refused(shelf, project) == 402
    await shelf.write(task, system_tags=[tag, "archived"])
    assert await counts(shelf, top) == {"tasks": 1}
    assert (await shelf.call("projects.delete", project=top))["deleted"] == 3


async def test_force_deletes_everything(shelf: Shelf) -> None:
    child = await shelf.project("forced/child")
    top = (await shelf.read_project(child))["parent"]
    tasks = [await shelf.task(project=top), await shelf.task(project=child)]
    await shelf.write(tasks[0], status="published")
    model = await shelf.model(project=child, uri="http://files.test/forced.bin")
    artifact = {"key": "one", "type": "dict", "uri": "http://files.test/artifact", "mode": "output"}
    await shelf.call("tasks.add_or_update_artifacts", task=tasks[1], artifacts=[artifact])
    answer = await shelf.call("projects.delete", project=top, force=True, delete_contents=True)
    assert (answer["deleted"], answer["deleted_tasks"], answer["deleted_models"]) == (2, 2, 1)
    assert answer["urls"]["model_urls"] == ["http://files.test/forced.bin"]
    assert answer["urls"]["artifact_urls"] == ["http://files.test/artifact"]
    for task in tasks:
        assert await shelf.refusal("tasks.get_by_id", task=task) == (400, 101)
    assert await shelf.refusal("models.get_by_id", model=model) == (400, 201)


async def test_force_alone_keeps_the_contents(shelf: Shelf) -> None:
    project = await shelf.project("kept contents")
    task, model = await shelf.task(project=project), await shelf.model(project=project)
    answer = await shelf.call("projects.delete", project=project, force=True)
    assert (answer["deleted"], answer["disassociated_tasks"]) == (1, 1)
    assert "project" not in await shelf.read_task(task)
    assert "project" not in await shelf.read_model(model)
