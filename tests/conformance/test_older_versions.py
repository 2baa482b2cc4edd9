"""Endpoints that only older versions know."""

import pytest
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_model_of_a_task(api: Api) -> None:
    """It is made, changed, replaced by a known one, and read."""
    task = (await api.call("tasks.create", name="of the old way", type="training"))["id"]
    assert (await api.ask("v2.13/models.get_by_task_id", {"task": task})).codes == (400, 122)
    made = await api.call("v2.13/models.update_for_task", task=task, uri="http://127.0.0.1/one", iteration=7)
    assert made["created"] is True
    model = (await api.call("v2.13/models.get_by_task_id", task=task))["model"]
    assert (model["id"], model["uri"], model["task"]) == (made["id"], "http://127.0.0.1/one", task)
    changed = await api.call("v2.13/models.update_for_task", task=task, uri="http://127.0.0.1/two", name="named now")
    assert (changed["id"], changed["created"], changed["updated"]) == (made["id"], False, 1)
    other = (await api.call("models.create", name="another one", uri="http://127.0.0.1/three"))["id"]
    await api.call("v2.13/models.update_for_task", task=task, override_model_id=other)
    assert (await api.call("v2.13/models.get_by_task_id", task=task))["model"]["id"] == other
    state = (await api.call("tasks.get_by_id", task=task))["task"]
    assert [item["model"] for item in state["models"]["output"]] == [made["id"], other]
    assert state["last_iteration"] == 7
    unknown = {"task": task, "override_model_id": "0" * 32}
    assert (await api.ask("v2.13/models.update_for_task", unknown)).codes == (400, 201)
