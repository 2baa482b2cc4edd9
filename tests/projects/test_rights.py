"""Who may do what: guests read only, and nobody sees or changes what belongs to another company."""

from typing import Any

import pytest
from trackyard.core.identity import Access, Identity

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICES = ("models", "organization", "projects", "reports", "storage")
READING = ("get_", "validate_delete", "prepare_download", "download_for")
STRANGER = Identity(user="stranger", name="Stranger", role="admin", company="b" * 32)


async def test_guests_change_nothing(shelf: Shelf) -> None:
    guest = Shelf(shelf.kernel, Identity(user="guest", name="Guest", role="guest"))
    own = [endpoint for endpoint in shelf.kernel.endpoints.all() if endpoint.service in SERVICES]
    assert len(own) >= 60
    for endpoint in own:
        assert endpoint.permission.access is Access.REQUIRED, endpoint.name
        if not endpoint.name.partition(".")[2].startswith(READING):
            code, subcode = await guest.refusal(endpoint.name)
            assert (code, subcode) in ((403, 20), (403, 21)), endpoint.name


async def test_another_company_sees_nothing(shelf: Shelf) -> None:
    project = await shelf.project("private/one")
    task, report = await shelf.task(project=project), await shelf.report(project=project)
    await shelf.model(project=project)
    stranger = Shelf(shelf.kernel, STRANGER)
    for service, kind in (("projects", "projects"), ("models", "models")):
        for action in ("get_all", "get_all_ex"):
            found = await stranger.call(f"{service}.{action}", search_hidden=True)
            assert found[kind] == [], (service, action)
    assert (await stranger.call("reports.get_all_ex"))["tasks"] == []
    assert (await stranger.call("reports.get_task_data", id=[task, report]))["tasks"] == []
    counted = await stranger.call("organization.get_entities_count", projects={}, tasks={}, models={}, reports={})
    assert set(counted.values()) == {0}
    assert (await stranger.call("projects.get_user_names", projects=[project]))["users"] == []
    for action in ("get_task_tags", "get_model_tags", "get_project_tags"):
        assert (await stranger.call(f"projects.{action}", projects=[project]))["tags"] == []
    assert (await stranger.call("projects.get_all_ex", id=[project], include_stats=True))["projects"] == []


async def test_another_company_changes_nothing(shelf: Shelf) -> None:
    project = await shelf.project("protected/one")
    model, report = await shelf.model(project=project), await shelf.report(project=project)
    stranger = Shelf(shelf.kernel, STRANGER)
    calls: list[tuple[str, int, dict[str, Any]]] = [
        *((f"projects.{action}", 401, {"project": project}) for action in ("get_by_id", "update", "move", "merge", "delete")),
        ("projects.validate_delete", 401, {"project": project}),
        ("projects.make_public", 401, {"ids": [project]}),
        *((f"models.{action}", 201, {"model": model}) for action in ("get_by_id", "edit", "update", "set_ready", "delete")),
        ("models.add_or_update_metadata", 201, {"model": model, "metadata": []}),
        ("models.move", 201, {"ids": [model], "project": None}),
        ("models.make_public", 201, {"ids": [model]}),
        ("models.create", 16, {"name": "spying", "uri": "http://files.test/x", "project": project}),
        *((f"reports.{action}", 101, {"task": report}) for action in ("update", "publish", "archive", "unarchive", "delete")),
        ("reports.move", 101, {"task": report, "project": None}),
        ("reports.create", 401, {"name": "spying", "project": project}),
    ]
    for name, subcode, body in calls:
        assert await stranger.refusal(name, **body) == (400, subcode), name
    for action in ("archive_many", "unarchive_many", "publish_many", "delete_many"):
        answer = await stranger.call(f"models.{action}", ids=[model])
        assert answer["failed"][0]["error"]["codes"] == [400, 201], action
    assert await stranger.call("models.update_tags", ids=[model], add_tags=["x"]) == {"updated": 0}
    assert (await shelf.read_model(model))["tags"] == []


async def test_two_companies_may_use_the_same_names(shelf: Shelf) -> None:
    mine = await shelf.project("same name/here")
    theirs = await Shelf(shelf.kernel, STRANGER).project("same name/here")
    assert mine != theirs
    assert (await shelf.read_project(mine))["parent"] != mine
