"""Reports: written, published, archived, moved, deleted and read."""

from typing import Any

import pytest
from sqlalchemy import select
from trackyard.core.entities import FileDeletion, table_of

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "0" * 32


async def test_a_report_lives_in_a_hidden_project(shelf: Shelf) -> None:
    project = await shelf.project("told")
    answer = await shelf.call("reports.create", name="first", project=project, report="# Title", tags=["t"], comment="text")
    folder = await shelf.read_project(answer["project_id"])
    assert folder["name"] == "told/.reports"
    assert folder["system_tags"] == ["hidden", "reports"]
    found = await shelf.read_task(answer["id"])
    assert (found["type"], found["status"], found["report"]) == ("report", "created", "# Title")
    assert (found["tags"], found["comment"], found["report_assets"]) == (["t"], "text", [])
    assert found["system_tags"] == ["reports"]
    again = await shelf.call("reports.create", name="second", project=answer["project_id"])
    assert again["project_id"] == answer["project_id"]
    rootless = await shelf.call("reports.create", name="without project")
    assert (await shelf.read_project(rootless["project_id"]))["name"] == ".reports"


@pytest.mark.parametrize(("fields", "subcode"), [({"name": "ab"}, 800), ({"project": UNKNOWN}, 401), ({"tags": [1]}, 12)])
async def test_a_bad_report_is_refused(shelf: Shelf, fields: dict[str, Any], subcode: int) -> None:
    assert await shelf.refusal("reports.create", **{"name": "named", **fields}) == (400, subcode)


async def test_a_draft_is_updated(shelf: Shelf) -> None:
    report = await shelf.report()
    fields = {"name": "renamed", "report": "*text*", "report_assets": ["a.png"], "tags": ["x"], "comment": "new"}
    answer = await shelf.call("reports.update", task=report, **fields)
    assert answer["updated"] == 1
    assert answer["fields"].items() >= fields.items()
    assert (await shelf.read_task(report)).items() >= fields.items()
    assert await shelf.call("reports.update", task=report) == {"updated": 0, "fields": {}}


async def test_a_published_report_is_final(shelf: Shelf) -> None:
    report = await shelf.report()
    answer = await shelf.call("reports.publish", task=report, comment="done")
    assert answer["updated"] == 1
    assert answer["fields"]["status"] == "published"
    found = await shelf.read_task(report)
    assert (found["status"], found["comment"]) == ("published", "done")
    assert "published" in found
    assert await shelf.refusal("reports.publish", task=report) == (400, 110)
    assert await shelf.refusal("reports.update", task=report, report="late") == (400, 110)


async def test_a_report_is_archived_and_brought_back(shelf: Shelf) -> None:
    report = await shelf.report()
    assert await shelf.call("reports.archive", task=report) == {"archived": 1}
    assert await shelf.call("reports.archive", task=report) == {"archived": 0}
    assert "archived" in (await shelf.read_task(report))["system_tags"]
    assert await shelf.call("reports.unarchive", task=report) == {"unarchived": 1}
    assert await shelf.call("reports.unarchive", task=report) == {"unarchived": 0}


async def test_a_report_moves_to_the_folder_of_another_project(shelf: Shelf) -> None:
    report, project = await shelf.report(), await shelf.project("receiving")
    folder = (await shelf.call("reports.move", task=report, project=project))["project_id"]
    assert (await shelf.read_project(folder))["name"] == "receiving/.reports"
    assert (await shelf.read_task(report))["project"] == folder
    folder = (await shelf.call("reports.move", task=report, project_name="brand/new"))["project_id"]
    assert (await shelf.read_project(folder))["name"] == "brand/new/.reports"
    folder = (await shelf.call("reports.move", task=report, project=None))["project_id"]
    assert (await shelf.read_project(folder))["name"] == ".reports"
    assert await shelf.refusal("reports.move", task=report) == (400, 11)
    assert await shelf.refusal("reports.move", task=report, project=UNKNOWN) == (400, 401)


async def test_a_draft_or_an_archived_report_is_deleted_with_its_files(shelf: Shelf) -> None:
    report = await shelf.report(report_assets=["http://files.test/reports/a.png"])
    assert await shelf.call("reports.delete", task=report) == {"deleted": 1}
    assert await shelf.refusal("tasks.get_by_id", task=report) == (400, 101)
    query = select(table_of(FileDeletion).c.url).where(table_of(FileDeletion).c.task == report)
    files = await shelf.kernel.metadata.read(lambda session: session.execute(query).scalars().all())
    assert files == ["http://files.test/reports/a.png"]
    published = await shelf.report()
    await shelf.call("reports.publish", task=published)
    assert await shelf.refusal("reports.delete", task=published) == (400, 123)
    await shelf.call("reports.archive", task=published)
    assert await shelf.call("reports.delete", task=published) == {"deleted": 1}
    forced = await shelf.report()
    await shelf.call("reports.publish", task=forced)
    assert await shelf.call("reports.delete", task=forced, force=True) == {"deleted": 1}


async def test_other_tasks_are_no_reports(shelf: Shelf) -> None:
    task = await shelf.task()
    for action, body in (("update", {}), ("publish", {}), ("archive", {}), ("unarchive", {}), ("move", {}), ("delete", {})):
        assert await shelf.refusal(f"reports.{action}", task=task, **body) == (400, 150), action
        assert await shelf.refusal(f"reports.{action}", task=UNKNOWN, **body) == (400, 101), action


async def test_reports_are_listed_under_tasks(shelf: Shelf) -> None:
    project = await shelf.project("listed")
    report = await shelf.report("listed one", project=project, report="needle in the text", tags=["blue"])
    await shelf.task("no report", project=project)
    body: dict[str, Any] = {"project": [project], "only_fields": ["name", "project.name", "report", "status"]}
    (found,) = (await shelf.call("reports.get_all_ex", **body))["tasks"]
    assert (found["id"], found["project"]["name"]) == (report, "listed/.reports")
    search = {"_any_": {"pattern": "NEEDLE", "fields": ["id", "name", "tags", "project", "comment", "report"]}}
    assert len((await shelf.call("reports.get_all_ex", **search))["tasks"]) == 1
    scrolled = await shelf.call("reports.get_all_ex", scroll_id=None, size=12, system_tags=["__$not", "archived"], **body)
    assert scrolled["scroll_id"]
    await shelf.call("reports.archive", task=report)
    assert (await shelf.call("reports.get_all_ex", system_tags=["__$not", "archived"], **body))["tasks"] == []
    assert "blue" in (await shelf.call("reports.get_tags"))["tags"]
    above = await shelf.project("listed above/child")
    await shelf.report("deep one", project=above)
    top = (await shelf.read_project(above))["parent"]
    assert (await shelf.call("reports.get_all_ex", project=[top]))["tasks"] == []
    assert len((await shelf.call("reports.get_all_ex", project=top, include_subprojects=True))["tasks"]) == 1


async def test_a_report_cannot_be_shared(shelf: Shelf) -> None:
    assert await shelf.refusal("reports.share", task=UNKNOWN) == (404, 0)


async def reported(shelf: Shelf, events: list[dict[str, Any]]) -> str:
    """A new task with events."""
    task = await shelf.task("reported")
    for event in events:
        await shelf.call("events.add", task=task, timestamp=1_700_000_000_000, **event)
    return task


async def test_what_a_report_shows_of_tasks_comes_in_one_answer(shelf: Shelf) -> None:
    scalar = {"type": "training_stats_scalar", "metric": "loss", "variant": "train"}
    task = await reported(
        shelf,
        [
            *({**scalar, "iter": number, "value": 1.0 / (number + 1)} for number in range(3)),
            {**scalar, "metric": "Summary", "iter": -(2**31), "value": 0.5},
            {"type": "plot", "metric": "table", "variant": "one", "iter": 0, "plot_str": '{"data":[]}'},
            {"type": "training_debug_image", "metric": "pictures", "variant": "one", "iter": 0, "url": "http://files.test/a.png"},
        ],
    )
    project = await shelf.project("data of reports")
    await shelf.call("tasks.move", ids=[task], project=project)
    answer = await shelf.call(
        "reports.get_task_data",
        id=[task],
        only_fields=["name", "project.name", "last_metrics"],
        plots={"iters": 1, "metrics": [{"metric": "table", "variants": ["one"]}]},
        debug_images={"iters": 1, "metrics": [{"metric": "pictures"}]},
        scalar_metrics_iter_histogram={"key": "iter", "metrics": [{"metric": "loss", "variants": ["train"]}]},
        single_value_metrics={},
    )
    assert answer["tasks"][0]["project"]["id"] == project
    (plot,) = answer["plots"]["table"]["one"][task]["0"]["plots"]
    assert plot["plot_str"] == '{"data":[]}'
    (images,) = answer["debug_images"]
    assert [event["url"] for round_ in images["iterations"] for event in round_["events"]] == ["http://files.test/a.png"]
    assert answer["scalar_metrics_iter_histogram"]["loss"]["train"][task]["x"] == [0, 1, 2]
    (single,) = answer["single_value_metrics"]
    assert [value["value"] for value in single["values"]] == [0.5]


async def test_a_report_shows_only_what_is_asked_for(shelf: Shelf) -> None:
    task = await shelf.task()
    answer = await shelf.call("reports.get_task_data", id=[task], only_fields=["name"])
    assert answer == {"tasks": [{"id": task, "name": "some task"}]}
    nothing = await shelf.call("reports.get_task_data", id=[UNKNOWN], plots={"iters": 1})
    assert nothing == {"tasks": []}


async def test_a_report_shows_models_too(shelf: Shelf) -> None:
    model = await shelf.model("shown model")
    event = {"type": "training_stats_scalar", "metric": "score", "variant": "all", "iter": 1, "value": 2.0}
    await shelf.call("events.add", task=model, timestamp=1_700_000_000_000, model_event=True, **event)
    answer = await shelf.call(
        "reports.get_task_data",
        id=[model],
        only_fields=["name"],
        model_events=True,
        scalar_metrics_iter_histogram={"metrics": [{"metric": "score"}]},
    )
    assert answer["tasks"][0]["name"] == "shown model"
    assert answer["scalar_metrics_iter_histogram"]["score"]["all"][model]["y"] == [2.0]
