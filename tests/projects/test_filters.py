"""The lists that filters offer."""

from typing import Any

import pytest
from trackyard.core.query import in_use

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")


def parameter(value: str) -> dict[str, str]:
    """A hyperparameter as it is stored."""
    return {"section": "Args", "name": "rate", "value": value}


async def test_tags_of_tasks_models_and_projects(shelf: Shelf) -> None:
    child = await shelf.project("tagged/child", tags=["project tag"], system_tags=["special"])
    top = (await shelf.read_project(child))["parent"]
    await shelf.task(project=child, tags=["z", "a"], system_tags=["development"])
    await shelf.task(project=top, tags=["b"], system_tags=["pipeline"])
    await shelf.model(project=child, tags=["model tag"])
    assert await shelf.call("projects.get_task_tags", projects=[top]) == {"tags": ["a", "b", "z"]}
    found = await shelf.call("projects.get_task_tags", projects=[child], include_system=True)
    assert found == {"tags": ["a", "z"], "system_tags": ["development"]}
    found = await shelf.call("projects.get_task_tags", projects=[top], filter={"system_tags": ["pipeline"]})
    assert found == {"tags": ["b"]}
    assert await shelf.call("projects.get_model_tags", projects=[top]) == {"tags": ["model tag"]}
    assert await shelf.call("projects.get_project_tags", projects=[top]) == {"tags": ["project tag"]}
    found = await shelf.call("projects.get_project_tags", filter={"system_tags": ["special"]}, include_system=True)
    assert found == {"tags": ["project tag"], "system_tags": ["special"]}
    everywhere = await shelf.call("organization.get_tags", include_system=True)
    assert {"a", "b", "z", "model tag", "project tag"} <= set(everywhere["tags"])
    assert {"development", "pipeline", "special"} <= set(everywhere["system_tags"])
    found = await shelf.call("organization.get_tags", filter={"system_tags": ["special"]})
    assert found == {"tags": ["project tag"]}


@pytest.mark.parametrize("few", [2000, 1])
async def test_hyperparameters(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(in_use, "FEW", few)
    child = await shelf.project(f"parameters {few}/child")
    top = (await shelf.read_project(child))["parent"]
    for project, value in ((top, "0.1"), (child, "10"), (child, "9"), (child, "9"), (child, "text")):
        hyperparams = {"Args": {"rate": parameter(value)}, "My.Section": {"_x": {**parameter("1"), "name": "_x"}}}
        await shelf.task(project=project, hyperparams=hyperparams if value != "text" else {"Args": {"rate": parameter(value)}})
    found = await shelf.call("projects.get_hyper_parameters", project=top, page_size=1)
    assert found == {"parameters": [{"section": "Args", "name": "rate"}], "total": 2, "remaining": 1}
    found = await shelf.call("projects.get_hyper_parameters", project=top, page_size=1, page=1)
    assert found == {"parameters": [{"section": "My.Section", "name": "_x"}], "total": 2, "remaining": 0}
    found = await shelf.call("projects.get_hyper_parameters", project=child, include_subprojects=False)
    assert found["total"] == 2
    body: dict[str, Any] = {"section": "Args", "name": "rate", "projects": [top]}
    assert await shelf.call("projects.get_hyperparam_values", **body) == {"total": 4, "values": ["0.1", "9", "10", "text"]}
    found = await shelf.call("projects.get_hyperparam_values", **body, include_subprojects=False)
    assert found == {"total": 1, "values": ["0.1"]}
    found = await shelf.call("projects.get_hyperparam_values", **body, page=1, page_size=3)
    assert found == {"total": 4, "values": ["text"]}
    found = await shelf.call("projects.get_hyperparam_values", **body, pattern="TE|^9")
    assert found == {"total": 2, "values": ["9", "text"]}
    assert (await shelf.call("projects.get_hyperparam_values", section="Args", name="none"))["values"] == []


async def test_metadata_of_models(shelf: Shelf) -> None:
    project = await shelf.project("metadata")
    for value in ("b", "a", "a"):
        metadata = {"key.1": {"key": "key.1", "type": "str", "value": value}, "other": {"key": "other", "value": "x"}}
        await shelf.model(project=project, metadata=metadata)
    found = await shelf.call("projects.get_model_metadata_keys", project=project)
    assert found == {"keys": ["key.1", "other"], "total": 2, "remaining": 0}
    found = await shelf.call("projects.get_model_metadata_values", projects=[project], key="key.1")
    assert found == {"total": 2, "values": ["a", "b"]}
    found = await shelf.call("projects.get_model_metadata_keys", project=project, page=1, page_size=1)
    assert found == {"keys": ["other"], "total": 2, "remaining": 0}


def variant(metric: str, name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """One entry of ``last_metrics``."""
    return {metric: {name: {"metric": metric, "variant": name, "value": 1.0}}}


@pytest.mark.parametrize("few", [2000, 1])
async def test_metrics_and_variants(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(in_use, "FEW", few)
    child = await shelf.project(f"metrics {few}/child")
    top = (await shelf.read_project(child))["parent"]
    first, second = await shelf.task(project=top), await shelf.task(project=child)
    await shelf.write(first, last_metrics=variant("loss", "train"))
    await shelf.write(second, last_metrics=variant("accuracy", "test"))
    model = await shelf.model(project=child)
    await shelf.write_model(model, last_metrics=variant("score", "all"))

    async def found(**body: Any) -> list[str]:
        answer = await shelf.call("projects.get_unique_metric_variants", **body)
        assert all(item.keys() == {"metric", "metric_hash", "variant", "variant_hash"} for item in answer["metrics"])
        return [f"{item['metric']}/{item['variant']}" for item in answer["metrics"]]

    assert await found(project=top) == ["accuracy/test", "loss/train"]
    assert await found(project=top, include_subprojects=False) == ["loss/train"]
    assert await found(project=top, model_metrics=True) == ["score/all"]
    assert await found(ids=[second]) == ["accuracy/test"]
    assert await found(ids=["0" * 32]) == []
    answer = await shelf.call("projects.get_unique_metric_variants", ids=[first])
    assert answer["metrics"][0]["metric_hash"] == "81513effdf5790b79549208838404407"


async def test_parents_of_tasks(shelf: Shelf) -> None:
    child = await shelf.project("parents/child")
    top = (await shelf.read_project(child))["parent"]
    beta, alpha = await shelf.task("beta", project=top), await shelf.task("alpha")
    await shelf.task(project=child, parent=beta)
    await shelf.task(project=top, parent=alpha)
    await shelf.task(project=top, parent=alpha)
    await shelf.task(project=top, parent=beta, system_tags=["archived"])
    found = await shelf.call("projects.get_task_parents", projects=[top])
    assert found["parents"] == [
        {"id": alpha, "name": "alpha"},
        {"id": beta, "name": "beta", "project": {"id": top, "name": "parents"}},
    ]
    found = await shelf.call("projects.get_task_parents", projects=[top], include_subprojects=False)
    assert [parent["name"] for parent in found["parents"]] == ["alpha"]
    found = await shelf.call("projects.get_task_parents", projects=[top], tasks_state="archived")
    assert [parent["name"] for parent in found["parents"]] == ["beta"]
    found = await shelf.call("projects.get_task_parents", projects=[top], task_name="(?i)ALP")
    assert [parent["name"] for parent in found["parents"]] == ["alpha"]


async def test_users_of_projects(shelf: Shelf) -> None:
    me = (await shelf.call("users.get_all_ex", only_fields=["id", "name"]))["users"][0]
    somebody = Shelf(shelf.kernel, type(shelf.identity)(user=me["id"], name=me["name"]))
    project, empty = await shelf.project("peopled"), await shelf.project("unpeopled")
    await somebody.task(project=project)
    assert await shelf.call("projects.get_user_names", projects=[project]) == {"users": [{"id": me["id"], "name": me["name"]}]}
    assert await shelf.call("projects.get_user_names", projects=[empty]) == {"users": []}
    assert await shelf.call("projects.get_user_names", projects=[project], entity="model") == {"users": []}
    assert me["id"] in {user["id"] for user in (await shelf.call("projects.get_user_names"))["users"]}
