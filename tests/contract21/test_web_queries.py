"""The dialect of queries that the web client of the protocol speaks, one test for each feature of it."""

import re
from typing import Any

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api

from tests.contract21.things import get_task, hashes, new, new_task, point

pytestmark = pytest.mark.asyncio(loop_scope="module")

V = "v999.0/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def project(api: Api) -> str:
    """A project with three tasks: "first", "second" and "third", which differ in everything that is asked for."""
    made = await new(api, "projects", "web/table")
    for index, name in enumerate(("first", "second", "third")):
        item = {"section": "Args", "name": "lr", "value": f"0.{index}"}
        task = await new_task(
            api,
            name=name,
            project=made,
            type=("training", "testing", "controller")[index],
            tags=[[], ["one"], ["one", "two"]][index],
            system_tags=[["archived"], ["development"], []][index],
            hyperparams={"Args": {"lr": item}},
            comment=f"Comment on {name}",
        )
        await api.call("tasks.edit", task=task, runtime={"progress": str(index)})
        await api.call("tasks.started", task=task)
        await api.batch("events.add_batch", [point(task, 10 * index, float(index))])
    return made


async def found(api: Api, project: str, **query: Any) -> list[str]:
    """The names of the tasks that a query finds, sorted."""
    fields = {"project": [project], "only_fields": ["name"], **query}
    return sorted(task["name"] for task in (await api.call(f"{V}tasks.get_all_ex", fields))["tasks"])


async def test_web_3_1_projections(api: Api, project: str) -> None:
    metric = f"last_metrics.{hashes()}.value"
    only = ["project.name", "user.name", "parent.project.id", "models.input.model.task.project.id", "runtime.progress"]
    body = {"project": [project], "only_fields": [*only, "hyperparams.Args.lr.value", metric], "name": "^third$"}
    (task,) = (await api.call(f"{V}tasks.get_all_ex", body))["tasks"]
    assert task["project"] == {"id": project, "name": "web/table"}
    assert task["user"].keys() == {"id", "name"}
    assert task["models"] == {"input": []}
    assert task["runtime"] == {"progress": "2"}
    assert task["hyperparams"] == {"Args": {"lr": {"value": "0.2"}}}
    metric_hash, variant_hash = hashes().split(".")
    assert task["last_metrics"] == {metric_hash: {variant_hash: {"value": 2.0}}}
    assert task.keys() == {"id", "project", "user", "models", "runtime", "hyperparams", "last_metrics"}


async def test_web_3_1_projection_through_parents_and_models(api: Api, project: str) -> None:
    (parent,) = (await api.call("tasks.get_all", project=[project], name="^first$", only_fields=["id"]))["tasks"]
    model = await new(api, "models", "input of it", task=parent["id"], project=project)
    child = await new_task(api, parent=parent["id"])
    await api.call("tasks.add_or_update_model", task=child, name="in", model=model, type="input")
    only = ["parent.name", "parent.project.id", "models.input.model.task.project.id", "models.input.name"]
    (task,) = (await api.call(f"{V}tasks.get_all_ex", id=[child], only_fields=only))["tasks"]
    assert task["parent"] == {"id": parent["id"], "name": "first", "project": {"id": project}}
    (used,) = task["models"]["input"]
    assert used["name"] == "in"
    assert used["model"]["task"]["project"]["id"] == project


async def test_web_3_1_wildcard_projection(api: Api) -> None:
    task = await new_task(api, name="waits in a queue")
    await api.call("tasks.enqueue", task=task, queue_name="all fields of it")
    body = {"only_fields": ["*", "entries.task.name"], "name": "^all fields of it$"}
    (queue,) = (await api.call(f"{V}queues.get_all_ex", body))["queues"]
    assert queue["entries"][0]["task"] == {"id": task, "name": "waits in a queue"}
    assert queue.keys() >= {"id", "name", "created", "last_update", "tags", "system_tags", "metadata", "workers", "company"}


@pytest.mark.parametrize("service", ["tasks", "models", "projects", "reports"])
async def test_web_3_1_and_3_3_6_scrolls(api: Api, service: str) -> None:
    for number in range(3):
        more = {"type": "training"} if service == "tasks" else {}
        await new(api, service, f"scrolled {number}", **more)
    body = {"name": "^scrolled", "order_by": ["-name"], "size": 2, "scroll_id": None, "only_fields": ["name"]}
    key = "tasks" if service == "reports" else service
    if service == "reports":
        del body["name"]
        body["_any_"] = {"pattern": "^scrolled", "fields": ["name"]}
    first = await api.call(f"{V}{service}.get_all_ex", body)
    scroll = {"scroll_id": first["scroll_id"]}
    second = await api.call(f"{V}{service}.get_all_ex", {**body, **scroll, "refresh_scroll": False})
    again = await api.call(f"{V}{service}.get_all_ex", {**body, **scroll, "refresh_scroll": True})
    assert [[row["name"] for row in page[key]] for page in (first, second, again)] == [
        ["scrolled 2", "scrolled 1"],
        ["scrolled 0"],
        ["scrolled 2", "scrolled 1"],
    ]
    assert first["scroll_id"] == second["scroll_id"] == again["scroll_id"]


async def test_web_3_1_pages_and_scrolls_at_once(api: Api) -> None:
    body = {"page_size": 50, "size": 50, "scroll_id": None, "order_by": ["name"], "only_fields": ["name", "company"]}
    answer = await api.call(
        f"{V}projects.get_all_ex", {**body, "allow_public": True, "_any_": {"pattern": "", "fields": ["name"]}}
    )
    assert answer["scroll_id"]
    plain = await api.call(f"{V}projects.get_all_ex", {"page": 0, "page_size": 1, "only_fields": ["name"]})
    assert len(plain["projects"]) == 1


async def test_web_3_1_orders(api: Api, project: str) -> None:
    async def names(*order: str) -> list[str]:
        body = {"project": [project], "order_by": list(order), "only_fields": ["name"]}
        return [task["name"] for task in (await api.call(f"{V}tasks.get_all_ex", body))["tasks"]]

    assert await names("-last_update", "name") == ["third", "second", "first"]
    assert await names("-status", "name") == ["first", "second", "third"]
    assert await names("-hyperparams.Args.lr.value") == ["third", "second", "first"]
    assert await names(f"last_metrics.{hashes()}.value") == ["first", "second", "third"]
    assert (await api.ask(f"{V}projects.get_all_ex", {"order_by": ["featured", "-last_update"]})).codes == (200, 0)


async def test_web_3_1_list_filters(api: Api, project: str) -> None:
    assert await found(api, project, type=["training", "testing"]) == ["first", "second"]
    assert await found(api, project, type=["__$not", "training", "__$not", "testing"]) == ["third"]
    assert await found(api, project, system_tags=["__$not", "archived", "__$not", "pipeline"]) == ["second", "third"]
    assert await found(api, project, system_tags=["__$and", "archived"]) == ["first"]
    assert await found(api, project, system_tags=["-archived"]) == ["second", "third"]
    assert await found(api, project, tags=[None]) == ["first"]
    assert await found(api, project, tags=["two", None]) == ["first", "third"]
    assert await found(api, project, status=["-draft"]) == ["first", "second", "third"]


async def test_web_3_1_frameworks_that_are_not_set(api: Api) -> None:
    place = await new(api, "projects", "frameworks")
    for name, more in (("with it", {"framework": "PyTorch"}), ("without", {})):
        await new(api, "models", name, project=place, **more)
    for wanted, names in (([None], ["without"]), (["PyTorch", None], ["with it", "without"]), (["PyTorch"], ["with it"])):
        body = {"project": [place], "framework": wanted, "ready": None, "user": [], "only_fields": ["name"], "order_by": ["name"]}
        assert [row["name"] for row in (await api.call(f"{V}models.get_all_ex", body))["models"]] == names, wanted


async def test_web_3_1_the_filter_of_tags(api: Api, project: str) -> None:
    for tags, names in (
        ({"any": {"include": ["two", None], "exclude": []}}, ["first", "third"]),
        ({"all": {"include": ["one", "two"], "exclude": []}}, ["third"]),
        ({"any": {"include": ["one"]}, "all": {"exclude": ["two"]}}, ["second"]),
        ({"all": {"include": [None]}}, ["first"]),
        ({"all": {"include": [], "exclude": []}}, ["first", "second", "third"]),
    ):
        assert await found(api, project, filters={"tags": tags}) == names, tags


async def test_web_3_1_ranges(api: Api, project: str) -> None:
    assert await found(api, project, last_iteration=["5", None]) == ["second", "third"]
    assert await found(api, project, last_iteration=[5, 10]) == ["second"]
    assert await found(api, project, last_iteration=[None, "5"]) == ["first"]
    key = f"last_metrics.{hashes()}.value"
    assert await found(api, project, **{key: ["0.5", None]}) == ["second", "third"]
    assert await found(api, project, active_duration=["0", None]) == ["first", "second", "third"]
    assert await found(api, project, active_duration=[100_000, None]) == []
    for field in ("started", "last_update"):
        assert await found(api, project, **{field: ["2024-12-01T00:00:00", None]}) == ["first", "second", "third"], field
        assert await found(api, project, **{field: ["2098-12-01T00:00:00", None]}) == [], field
        assert await found(api, project, **{field: [None, "2098-12-01T00:00:00"]}) == ["first", "second", "third"], field


async def test_web_3_1_free_text(api: Api, project: str) -> None:
    fields = ["id", "name", "comment", "system_tags", "models.output.model", "models.input.model"]
    for pattern, names in (("COMMENT ON t", ["third"]), ("archiv", ["first"]), ("", ["first", "second", "third"]), ("^zz", [])):
        assert await found(api, project, _any_={"pattern": pattern, "fields": fields}) == names, pattern


async def test_web_3_1_and_3_3_12_free_text_without_a_pattern(api: Api, project: str) -> None:
    body = {"project": [project], "_any_": {"fields": ["name"]}, "scroll_id": None, "size": 12}
    answer = await api.ask(f"{V}tasks.get_all_ex", body)
    assert answer.status in (200, 400)
    again = await api.call(f"{V}tasks.get_all_ex", {**body, "_any_": {"fields": ["name"], "pattern": "second"}})
    assert [task["name"] for task in again["tasks"]] == ["second"]


async def test_web_3_3_12_a_scroll_with_another_query_starts_anew(api: Api, project: str) -> None:
    body = {"project": [project], "scroll_id": None, "size": 2, "order_by": ["name"], "only_fields": ["name"]}
    first = await api.call(f"{V}tasks.get_all_ex", {**body, "_any_": {"fields": ["name"], "pattern": ""}})
    more = {"_any_": {"fields": ["name"], "pattern": "third"}, "scroll_id": first["scroll_id"]}
    answer = await api.call(f"{V}tasks.get_all_ex", {**body, **more})
    assert [task["name"] for task in answer["tasks"]] == ["third"]


async def test_web_3_1_patterns_of_names(api: Api) -> None:
    leaf = await new(api, "projects", "Demo/.pipelines/run it")
    for pattern in ("/\\.pipelines/", "^Demo/\\.pipelines/", "Demo/.pipelines/run it"):
        body = {"name": pattern, "search_hidden": True, "shallow_search": False, "only_fields": ["id"]}
        assert [row["id"] for row in (await api.call(f"{V}projects.get_all_ex", body))["projects"]] == [leaf], pattern
    body = {"name": "^Demo/\\.pipelines$", "search_hidden": True, "only_fields": ["name"]}
    assert [row["name"] for row in (await api.call(f"{V}projects.get_all_ex", body))["projects"]] == ["Demo/.pipelines"]


async def test_web_3_1_ids_projects_and_nulls(api: Api, project: str) -> None:
    for query in ({"id": []}, {"user": None}, {"ready": None}, {"user.name": ["nobody"], "project.name": ["none"]}):
        assert await found(api, project, **query) == ["first", "second", "third"], query
    (row,) = (await api.call(f"{V}projects.get_all_ex", id=project))["projects"]
    assert row["id"] == project
    body = {"project": project, "type": ["controller"], "order_by": ["-started"], "page_size": 1, "only_fields": ["name"]}
    assert [row["name"] for row in (await api.call(f"{V}tasks.get_all_ex", body))["tasks"]] == ["third"]
    everywhere = await api.call(f"{V}tasks.get_all_ex", {"project": None, "name": "^third$", "only_fields": ["name"]})
    assert [row["name"] for row in everywhere["tasks"]] == ["third"]


async def test_web_3_1_filters_on_dicts(api: Api, project: str) -> None:
    assert await found(api, project, **{"hyperparams.Args.lr.value": ["0.1"]}) == ["second"]
    assert await found(api, project, **{"hyperparams.Args.lr.value": ["0.1", "0.2"]}) == ["second", "third"]
    assert await found(api, project, **{"hyperparams.properties.version.value": ["1.0.0"]}) == []
    model = await new(api, "models", "with metadata", metadata={"k": {"key": "k", "type": "str", "value": "v"}})
    rows = (await api.call(f"{V}models.get_all_ex", {"metadata.k.value": ["v"], "only_fields": ["id"]}))["models"]
    assert rows == [{"id": model}]
    user = await new_task(api, name="uses a model")
    await api.call("tasks.add_or_update_model", task=user, name="in", model=model, type="input")
    for wanted in (model, [model], [model, "0" * 32]):
        rows = (await api.call(f"{V}tasks.get_all_ex", {"models.input.model": wanted, "only_fields": ["id"]}))["tasks"]
        assert rows == [{"id": user}], wanted
    child = await new_task(api, parent=user)
    rows = (await api.call(f"{V}tasks.get_all_ex", {"parent": [user], "only_fields": ["id"]}))["tasks"]
    assert rows == [{"id": child}]


async def test_web_3_1_subprojects_and_hidden_ones(api: Api, project: str) -> None:
    (parent,) = (await api.call("projects.get_all", name="^web$", only_fields=["id"]))["projects"]
    assert await found(api, parent["id"]) == []
    assert await found(api, parent["id"], include_subprojects=True) == ["first", "second", "third"]
    body = {"shallow_search": True, "permission_roots_only": True, "check_own_contents": True, "only_fields": ["name"]}
    rows = (await api.call(f"{V}projects.get_all_ex", {**body, "search_hidden": True, "name": "^web"}))["projects"]
    assert [(row["name"], row["own_tasks"], row["own_models"]) for row in rows] == [("web", 0, 0)]


async def test_web_3_1_my_work(api: Api, project: str) -> None:
    user = (await api.call("users.get_current_user"))["user"]["id"]
    body = {"name": "^web/table$", "allow_public": False, "only_fields": ["id"]}
    for users, rows in (([user], [{"id": project}]), (["z" * 32], [])):
        answer = await api.call(f"{V}projects.get_all_ex", {**body, "active_users": users})
        assert [{"id": row["id"]} for row in answer["projects"]] == rows, users


async def test_web_3_1_and_3_3_2_statistics_ride_on_the_projection(api: Api, project: str) -> None:
    body = {"name": "^web$", "include_stats": True, "stats_for_state": "active", "check_own_contents": True}
    body |= {"include_dataset_stats": True, "only_fields": ["name"]}
    (row,) = (await api.call(f"{V}projects.get_all_ex", body))["projects"]
    assert [child["name"] for child in row["sub_projects"]] == ["web/table"]
    assert row["stats"]["active"]["status_count"]["in_progress"] == 2
    assert (row["own_tasks"], row["own_models"]) == (0, 0)
    (alone,) = (await api.call(f"{V}projects.get_all_ex", {**body, "stats_with_children": False}))["projects"]
    assert alone["stats"]["active"]["status_count"]["in_progress"] == 0
    (some,) = (await api.call(f"{V}projects.get_all_ex", {**body, "include_stats_filter": {"type": ["controller"]}}))["projects"]
    assert some["stats"]["active"]["status_count"]["in_progress"] == 1
    for kind in ("pipeline", "dataset", "report"):
        assert (await api.ask(f"{V}projects.get_all_ex", {"children_type": kind})).codes == (200, 0), kind


async def test_web_3_1_the_table_of_tasks(api: Api, project: str) -> None:
    fields = ["name", "status", "system_tags", "project.name", "company", "last_change", "last_update", "started", "tags"]
    fields += ["last_iteration", "user.name", "runtime.progress", "type", "id", "comment", "active_duration", "parent.name"]
    body = {
        "id": [],
        "project": [project],
        "scroll_id": None,
        "refresh_scroll": False,
        "size": 30,
        "order_by": ["-last_update"],
        "type": [],
        "user": [],
        "system_tags": ["__$not", "archived", "__$not", "pipeline", "__$not", "dataset", "__$not", "reports"],
        "include_subprojects": False,
        "search_hidden": False,
        "only_fields": [*fields, "parent.project.name", "hyperparams.Args.lr.value", f"last_metrics.{hashes()}"],
    }
    rows = (await api.call(f"{V}tasks.get_all_ex", body))["tasks"]
    assert [row["name"] for row in rows] == ["third", "second"]
    whole = await get_task(api, rows[0]["id"])
    assert rows[0]["last_change"] == whole["last_change"]
    assert re.fullmatch(r"[0-9a-f]{32}", rows[0]["company"]["id"])
