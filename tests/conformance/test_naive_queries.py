"""What a naive server gets wrong, 32 to 45: queries."""

from typing import Any

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ["basic task", "task (1) v1.0", "another-task", "half_task"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def project(api: Api) -> str:
    """A project with four tasks, made one after the other."""
    made = str((await api.call("projects.create", name="queries/below"))["id"])
    for index, name in enumerate(NAMES):
        tags = [f"tag {index}", "even" if index % 2 == 0 else "odd"]
        await api.call("tasks.create", name=name, type="training", project=made, tags=tags)
    return made


async def found(api: Api, project: str, **query: Any) -> list[str]:
    """The names of the tasks that a query finds, sorted."""
    fields = {"project": [project], "only_fields": ["name"], **query}
    return sorted(task["name"] for task in (await api.call("tasks.get_all", fields))["tasks"])


async def test_32_name_is_searched_as_a_pattern(api: Api, project: str) -> None:
    """Not literally, not anchored, and with regard to case."""
    assert await found(api, project, name="basic") == ["basic task"]
    assert await found(api, project, name="BASIC") == []
    assert await found(api, project, name="^(basic|another)") == ["another-task", "basic task"]
    assert await found(api, project, name="^task$") == []
    assert await found(api, project, name="half.task") == ["half_task"]
    assert (await api.ask("tasks.get_all", {"name": "(["})).codes == (400, 21)


async def test_33_needless_escapes_are_accepted(api: Api, project: str) -> None:
    """The SDK escapes every character that is no letter."""
    assert await found(api, project, name=r"^basic\ task$") == ["basic task"]
    assert await found(api, project, name=r"^another\-task$") == ["another-task"]
    assert await found(api, project, name=r"^task\ \(1\)\ v1\.0$") == ["task (1) v1.0"]
    assert await found(api, project, name=r"^basic\ task(| #\d+)$") == ["basic task"]


async def test_34_hidden_things(api: Api) -> None:
    """They are left out of lists, found when asked for, and always found by id."""
    project = (await api.call("projects.create", name="visible/.datasets/hidden one", system_tags=["hidden", "dataset"]))["id"]
    named = {"name": r"^visible/\.datasets/hidden\ one$"}
    assert (await api.call("projects.get_all", named))["projects"] == []
    assert [item["id"] for item in (await api.call("projects.get_all", named, search_hidden=True))["projects"]] == [project]
    assert [item["id"] for item in (await api.call("projects.get_all", id=[project]))["projects"]] == [project]


async def test_35_unknown_ids_are_silently_absent(api: Api) -> None:
    """A list of ids is a filter."""
    for service in ("tasks", "models", "queues", "projects"):
        assert (await api.call(f"{service}.get_all", id=["0" * 32]))[service] == []


async def test_36_pages(api: Api, project: str) -> None:
    """Pages of the size that was asked for, up to 500; beyond the end they are empty."""
    pages = [await api.call("tasks.get_all", project=[project], page=page, page_size=3) for page in range(3)]
    assert [len(page["tasks"]) for page in pages] == [3, 1, 0]
    seen = {task["id"] for page in pages for task in page["tasks"]}
    assert len(seen) == len(NAMES)
    big = (await api.call("projects.create", name="five hundred and three"))["id"]
    for index in range(503):
        await api.call("tasks.create", name=f"one of many {index}", type="testing", project=big)
    assert len((await api.call("tasks.get_all", project=[big]))["tasks"]) == 500
    assert len((await api.call("tasks.get_all", project=[big], page=0, page_size=500))["tasks"]) == 500
    assert len((await api.call("tasks.get_all", project=[big], page=1, page_size=500))["tasks"]) == 3


async def test_37_order_by_last_update(api: Api, project: str) -> None:
    """The SDK takes the newest one."""
    for order, falling in (("-last_update", True), ("last_update", False)):
        body = {"project": [project], "order_by": [order], "only_fields": ["last_update"]}
        times = [task["last_update"] for task in (await api.call("tasks.get_all", body))["tasks"]]
        assert len(times) == len(NAMES)
        assert times == sorted(times, reverse=falling)


async def test_38_operators_in_lists(api: Api, project: str) -> None:
    """Exclusions, and all of several."""
    assert await found(api, project, tags=["-odd"]) == ["another-task", "basic task"]
    assert await found(api, project, tags=["__$not", "odd"]) == ["another-task", "basic task"]
    assert await found(api, project, tags=["__$all", "even", "tag 0"]) == ["basic task"]
    assert await found(api, project, tags=["__$and", "even", "__$not", "tag 0"]) == ["another-task"]
    assert await found(api, project, tags=["tag 0", "tag 1"]) == ["basic task", "task (1) v1.0"]
    assert await found(api, project, tags=["__$or", "tag 0", "tag 1"]) == ["basic task", "task (1) v1.0"]
    assert (await api.ask("tasks.get_all", {"tags": ["__$nonsense", "x"]})).codes == (400, 16)


async def test_39_dotted_projection_keeps_its_nesting(api: Api, project: str) -> None:
    """Of a metric by its hashes."""
    task = (await api.call("tasks.create", name="projected", type="training"))["id"]
    point = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "iter": 1, "value": 2.5}
    await api.batch("events.add_batch", [point])
    (metric, variants), *_ = (await api.call("tasks.get_by_id", task=task))["task"]["last_metrics"].items()
    (variant,) = variants
    fields = [f"last_metrics.{metric}.{variant}"]
    (only,) = (await api.call("tasks.get_all", id=[task], only_fields=fields))["tasks"]
    assert only["last_metrics"][metric][variant]["value"] == 2.5


async def test_40_requested_parent_is_there(api: Api, project: str) -> None:
    """Also when the leaf is missing."""
    (only, *_) = (await api.call("tasks.get_all", project=[project], only_fields=["runtime.version", "status"]))["tasks"]
    assert only["runtime"] == {}
    assert only["status"] == "created"


@pytest.mark.parametrize(
    "form", ["2026-01-01T00:00:00", "2026-01-01 00:00:00.5", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"]
)
async def test_41_forms_of_dates(api: Api, project: str, form: str) -> None:
    """With a space, without a zone, with Z and with an offset."""
    assert await found(api, project, last_change=[f">{form}"]) == sorted(NAMES)
    assert await found(api, project, last_update=[f"<{form}"]) == []


async def test_42_ranges_with_open_ends(api: Api) -> None:
    """A metric between nothing and something."""
    made = (await api.call("projects.create", name="ranges"))["id"]
    tasks = [(await api.call("tasks.create", name=f"range {n}", type="training", project=made))["id"] for n in range(3)]
    point = {"type": "training_stats_scalar", "metric": "score", "variant": "all", "iter": 1}
    await api.batch("events.add_batch", [{**point, "task": task, "value": value} for value, task in enumerate(tasks)])
    (metric, variants), *_ = (await api.call("tasks.get_by_id", task=tasks[0]))["task"]["last_metrics"].items()
    key = f"last_metrics.{metric}.{next(iter(variants))}.max_value"
    assert await found(api, made, **{key: [0.5, None]}) == ["range 1", "range 2"]
    assert await found(api, made, **{key: [None, 1]}) == ["range 0", "range 1"]
    assert await found(api, made, **{key: [1, 1]}) == ["range 1"]


async def test_43_parent_of_projects_is_any_ancestor(api: Api) -> None:
    """Unless the search is shallow."""
    await api.call("projects.create", name="root of all/middle/leaf")
    (root,) = (await api.call("projects.get_all", name="^root of all$"))["projects"]
    below = (await api.call("projects.get_all", parent=[root["id"]]))["projects"]
    assert sorted(item["name"] for item in below) == ["root of all/middle", "root of all/middle/leaf"]


async def test_44_text_where_a_list_is_expected(api: Api, project: str) -> None:
    """One value is a list of one."""
    task = (await api.call("tasks.create", name="found by text", type="training"))["id"]
    assert [item["id"] for item in (await api.call("tasks.get_all", id=task))["tasks"]] == [task]
    child = (await api.call("tasks.create", name="a child of it", type="training", parent=task))["id"]
    assert [item["id"] for item in (await api.call("tasks.get_all", parent=task))["tasks"]] == [child]
    assert await found(api, project, tags="even") == ["another-task", "basic task"]


async def test_45_empty_list_is_no_filter(api: Api, project: str) -> None:
    """It does not mean that nothing fits."""
    assert await found(api, project, tags=[], id=[], status=[]) == sorted(NAMES)
