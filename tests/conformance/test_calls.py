"""What every endpoint does with a minimal body, with all fields, and with ids that nobody has."""

import pytest
from trackyard.core.testing.http import Api

from tests.conformance.protocol import PROTOCOL, path
from tests.conformance.world import World, refers_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = sorted(name for name, facts in PROTOCOL.endpoints.items() if not facts.lines)
UNKNOWN = "0" * 32
UNKNOWN_CODES = {"task": 101, "report": 101, "model": 201, "user": 301, "project": 401, "queue": 701}

REFUSED: dict[str, int] = {
    "auth.edit_credentials": 75,
    "auth.edit_user": 12,
    "auth.revoke_credentials": 12,
    "events.get_scalar_metric_data": 12,
    "models.get_by_task_id": 12,
    "models.move": 11,
    "projects.move": 410,
    "queues.move_task_backward": 703,
    "queues.move_task_forward": 703,
    "queues.move_task_to_back": 703,
    "queues.move_task_to_front": 703,
    "reports.move": 11,
    "serving.get_endpoint_details": 1052,
    "serving.get_endpoint_metrics_history": 1052,
    "serving.unregister_container": 1051,
    "tasks.close": 110,
    "tasks.completed": 110,
    "tasks.failed": 110,
    "tasks.move": 11,
    "tasks.publish": 110,
    "tasks.stop": 110,
    "tasks.stopped": 110,
    "workers.get_metric_keys": 1005,
}
"""Endpoints whose minimal body is valid and refused for the state of new objects, with the subcode of 400."""

TOLERANT = {
    ("projects.get_hyper_parameters", "project"),
    ("projects.get_model_metadata_keys", "project"),
    ("tasks.add_or_update_model", "model"),
    ("tasks.ping", "task"),
}
"""Fields whose unknown id is no error: clients rely on it, or nothing is found."""

WITHOUT_ENVELOPE = {"events.download_task_log", "organization.download_for_get_all"}
ENDS_THE_SESSION = {"auth.logout", "login.logout"}

REFERRING = [
    (name, field)
    for name in NAMES
    for field in PROTOCOL.endpoints[name].required()
    if refers_to(name, field) and PROTOCOL.endpoints[name].fields[field].kind == "text" and (name, field) not in TOLERANT
]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_ENVELOPE])
async def test_minimal_body(api: Api, name: str) -> None:
    """The required fields alone are enough."""
    body = await World(api).body(name, PROTOCOL.endpoints[name].required())
    answer = await api.ask(path(name), body)
    expected = (400, REFUSED[name]) if name in REFUSED else (200, 0)
    assert answer.codes == expected, (body, answer.meta["result_msg"])
    assert isinstance(answer.data, dict)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_ENVELOPE])
async def test_full_body(api: Api, name: str) -> None:
    """All fields at once are understood: whatever the state of things says, nothing is taken for a wrong type."""
    body = await World(api).body(name, list(PROTOCOL.endpoints[name].fields))
    answer = await api.ask(path(name), body)
    assert answer.status in (200, 400), (body, answer.meta["result_msg"])
    assert answer.codes != (400, 12), (body, answer.meta["result_msg"])
    assert isinstance(answer.data, dict)


@pytest.mark.parametrize(("name", "field"), REFERRING, ids=map("-".join, REFERRING))
async def test_unknown_id(api: Api, name: str, field: str) -> None:
    """An id that nobody has is told with the subcode of its kind."""
    body = {**await World(api).body(name, PROTOCOL.endpoints[name].required()), field: UNKNOWN}
    answer = await api.ask(path(name), body)
    assert answer.codes == (400, UNKNOWN_CODES[str(refers_to(name, field))]), (body, answer.meta["result_msg"])
    assert answer.data == {}


@pytest.mark.parametrize(("name", "field"), sorted(TOLERANT), ids=map("-".join, sorted(TOLERANT)))
async def test_unknown_id_that_is_no_error(api: Api, name: str, field: str) -> None:
    """These answer as if there was nothing to tell."""
    body = {**await World(api).body(name, PROTOCOL.endpoints[name].required()), field: UNKNOWN}
    assert (await api.ask(name, body)).codes == (200, 0)


async def test_extra_keys_are_ignored(api: Api) -> None:
    """Every body of the SDK has a stray key."""
    task = await World(api).body("tasks.get_by_id", ["task"])
    assert (await api.ask("tasks.get_by_id", {**task, "method": "get", "unheard of": [1]})).codes == (200, 0)
