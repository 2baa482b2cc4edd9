"""Publishing, deleting, archiving and moving models, one by one and many at once."""

from typing import Any

import pytest
from sqlalchemy import select
from trackyard.core import clock, store
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, LogQuery, LogRecord
from trackyard.core.entities import MODEL, FileDeletion, table_of
from trackyard.core.errors import forbidden
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.tasks.deletions import remove_deleted

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "0" * 32


async def with_status(shelf: Shelf, status: str, **fields: Any) -> str:
    """A new task in a status."""
    task = await shelf.task(**fields)
    await shelf.write(task, status=status)
    return task


async def test_a_model_is_published_with_its_task(shelf: Shelf) -> None:
    task = await with_status(shelf, "completed")
    model = await shelf.model(task=task)
    answer = await shelf.call("models.set_ready", model=model)
    assert answer["updated"] == 1
    assert answer["published_task"]["id"] == task
    assert answer["published_task"]["data"]["updated"] == 1
    assert (await shelf.read_model(model))["ready"] is True
    assert (await shelf.read_task(task))["status"] == "published"
    assert await shelf.refusal("models.set_ready", model=model) == (400, 203)


async def test_a_task_that_cannot_be_published_keeps_its_model_a_draft(shelf: Shelf) -> None:
    task = await shelf.task()
    model = await shelf.model(task=task)
    assert await shelf.refusal("models.set_ready", model=model) == (400, 110)
    assert (await shelf.read_model(model))["ready"] is False
    assert await shelf.call("models.set_ready", model=model, publish_task=False) == {"updated": 1}
    assert (await shelf.read_task(task))["status"] == "created"


async def test_a_model_and_its_task_are_published_together_or_not_at_all(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await with_status(shelf, "completed")
    model = await shelf.model(task=task)
    update = store.update

    def broken(session: Any, kind: Any, *arguments: Any, **options: Any) -> Any:
        if kind is MODEL:
            raise RuntimeError("the server was killed here")
        return update(session, kind, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store, "update", broken)
        with pytest.raises(RuntimeError):
            await shelf.call("models.set_ready", model=model)
    assert (await shelf.read_task(task))["status"] == "completed"
    assert (await shelf.read_model(model))["ready"] is False


class NobodyPublishesTasks:
    """A policy."""

    async def check(self, call: Call, endpoint: str) -> None:
        if endpoint == "tasks.publish":
            raise forbidden(20, "no")


async def test_who_may_not_publish_tasks_does_not_do_it_by_a_model(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf.kernel, "policies", lambda: [NobodyPublishesTasks()])
    model = await shelf.model(task=await with_status(shelf, "completed"))
    assert await shelf.refusal("models.set_ready", model=model) == (403, 20)
    assert await shelf.call("models.set_ready", model=model, publish_task=False) == {"updated": 1}


async def test_publishing_the_task_can_be_forced(shelf: Shelf) -> None:
    task = await shelf.task()
    model = await shelf.model(task=task)
    assert "published_task" in await shelf.call("models.set_ready", model=model, force_publish_task=True)
    assert (await shelf.read_task(task))["status"] == "published"


async def test_a_model_without_a_task_or_with_a_published_one_is_published_alone(shelf: Shelf) -> None:
    task = await with_status(shelf, "published")
    for model in (await shelf.model(), await shelf.model(task=task)):
        assert await shelf.call("models.set_ready", model=model) == {"updated": 1}


async def test_many_are_published_each_for_itself(shelf: Shelf) -> None:
    task = await with_status(shelf, "completed")
    good, ready, bad = await shelf.model(task=task), await shelf.model(ready=True), await shelf.model(task=await shelf.task())
    answer = await shelf.call("models.publish_many", ids=[good, ready, bad, UNKNOWN])
    (done,) = answer["succeeded"]
    assert (done["id"], done["updated"], done["published_task"]["id"]) == (good, True, task)
    codes = {item["id"]: item["error"]["codes"] for item in answer["failed"]}
    assert codes == {ready: [400, 203], bad: [400, 110], UNKNOWN: [400, 201]}
    answer = await shelf.call("models.publish_many", ids=[bad], publish_tasks=False)
    assert answer["succeeded"] == [{"id": bad, "updated": True}]


async def test_a_model_is_deleted(shelf: Shelf) -> None:
    model = await shelf.model(uri="http://files.test/gone.bin")
    assert await shelf.call("models.delete", model=model) == {"deleted": True, "url": "http://files.test/gone.bin"}
    assert await shelf.refusal("models.delete", model=model) == (400, 201)


async def test_a_model_in_use_is_deleted_by_force_only(shelf: Shelf) -> None:
    model = await shelf.model()
    user = await shelf.task()
    await shelf.call("tasks.add_or_update_model", task=user, name="in", type="input", model=model)
    await shelf.write(user, status="published")
    assert await shelf.refusal("models.delete", model=model) == (400, 205)
    assert (await shelf.call("models.delete", model=model, force=True))["deleted"] is True
    assert [item["model"] for item in (await shelf.read_task(user))["models"]["input"]] == [f"__DELETED__{model}"]


async def test_a_model_of_a_published_task_is_deleted_by_force_only(shelf: Shelf) -> None:
    model = await shelf.model(task=await with_status(shelf, "published"))
    assert await shelf.refusal("models.delete", model=model) == (400, 206)
    assert (await shelf.call("models.delete", model=model, force=True))["deleted"] is True


async def test_a_model_of_a_draft_is_deleted_freely(shelf: Shelf) -> None:
    task = await shelf.task()
    model = await shelf.model(task=task)
    await shelf.call("tasks.add_or_update_model", task=task, name="out", type="output", model=model)
    assert (await shelf.call("models.delete", model=model))["deleted"] is True
    assert [item["model"] for item in (await shelf.read_task(task))["models"]["output"]] == [f"__DELETED__{model}"]


async def test_events_go_with_their_model(shelf: Shelf) -> None:
    model = await shelf.model()
    entity = Entity("model", model)
    record = LogRecord(clock.epoch_ms(clock.now()), "info", "worker", "text")
    await shelf.kernel.events.append(EventBatch([EntityEvents(entity, logs=[record])]))
    await shelf.call("models.delete", model=model)
    await remove_deleted(shelf.kernel)
    assert (await shelf.kernel.events.logs(LogQuery(entity))).total == 0


async def test_files_go_only_when_that_is_asked_for(shelf: Shelf) -> None:
    kept, gone = "http://files.test/kept.bin", "http://files.test/removed.bin"
    await shelf.call("models.delete", model=await shelf.model(uri=kept))
    await shelf.call("models.delete_many", ids=[await shelf.model(uri=gone)], delete_external_artifacts=True)
    table = table_of(FileDeletion)
    query = select(table.c.url).where(table.c.url.in_([kept, gone]))
    assert await shelf.kernel.metadata.read(lambda session: session.execute(query).scalars().all()) == [gone]


async def test_many_are_deleted_each_for_itself(shelf: Shelf) -> None:
    free, bound = await shelf.model(), await shelf.model(task=await with_status(shelf, "published"))
    answer = await shelf.call("models.delete_many", ids=[free, bound, UNKNOWN])
    assert answer["succeeded"] == [{"id": free, "deleted": True, "url": "http://files.test/a/model.bin"}]
    assert {item["id"]: item["error"]["codes"] for item in answer["failed"]} == {bound: [400, 206], UNKNOWN: [400, 201]}
    assert (await shelf.call("models.delete_many", ids=[bound], force=True))["failed"] == []


async def test_many_are_archived_and_brought_back(shelf: Shelf) -> None:
    model = await shelf.model()
    answer = await shelf.call("models.archive_many", ids=[model, UNKNOWN])
    assert answer["succeeded"] == [{"id": model, "archived": True}]
    assert answer["failed"][0]["error"]["codes"] == [400, 201]
    assert (await shelf.read_model(model))["system_tags"] == ["archived"]
    answer = await shelf.call("models.unarchive_many", ids=[model])
    assert answer == {"succeeded": [{"id": model, "unarchived": True}], "failed": []}
    assert (await shelf.read_model(model))["system_tags"] == []


async def test_models_move_to_a_project_that_may_be_new(shelf: Shelf) -> None:
    models = [await shelf.model(), await shelf.model()]
    project = (await shelf.call("models.move", ids=models, project_name="models/moved"))["project_id"]
    assert (await shelf.read_project(project))["name"] == "models/moved"
    assert {(await shelf.read_model(model))["project"] for model in models} == {project}
    assert await shelf.call("models.move", ids=models[0], project=None) == {"project_id": None}
    assert "project" not in await shelf.read_model(models[0])
    assert await shelf.refusal("models.move", ids=models) == (400, 11)
    assert await shelf.refusal("models.move", ids=models, project=UNKNOWN) == (400, 401)
    assert await shelf.refusal("models.move", ids=[UNKNOWN], project=project) == (400, 201)


async def test_tags_of_many_are_changed(shelf: Shelf) -> None:
    models = [await shelf.model(tags=["a"]), await shelf.model(tags=["b"])]
    assert await shelf.call("models.update_tags", ids=models, add_tags=["c"], remove_tags=["a"]) == {"updated": 2}
    assert [(await shelf.read_model(model))["tags"] for model in models] == [["c"], ["b", "c"]]


async def test_models_are_made_public_and_private(shelf: Shelf) -> None:
    model = await shelf.model()
    assert await shelf.call("models.make_public", ids=[model]) == {"updated": 1}
    assert (await shelf.read_model(model))["company"] == ""
    assert await shelf.call("models.make_private", ids=[model]) == {"updated": 1}
    assert await shelf.refusal("models.make_private", ids=[model]) == (400, 201)
