"""What is refused before an endpoint does anything: unknown names, missing credentials, missing and wrong fields."""

import pytest
from trackyard.core.testing.http import Api

from tests.conformance.protocol import PROTOCOL, path, wrong_value

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = sorted(PROTOCOL.endpoints)
NEED_USER = [name for name in NAMES if PROTOCOL.endpoints[name].access == "users"]
MISSING = [(name, field) for name in NAMES for field in PROTOCOL.endpoints[name].required()]
TYPED = [(name, field) for name in NAMES for field in PROTOCOL.endpoints[name].fields if not PROTOCOL.endpoints[name].lines]


async def test_every_endpoint_is_there(api: Api) -> None:
    """All of them, and no others than those that plugins of ours add under services of their own."""
    registered = set(api.kernel.endpoints.names())
    assert sorted(set(NAMES) - registered) == []
    assert sorted(set(PROTOCOL.absent) & registered) == []


@pytest.mark.parametrize("name", PROTOCOL.absent)
async def test_absent_endpoint_is_unknown(api: Api, name: str) -> None:
    """Endpoints of other editions are answered as any unknown name: 404/0 in the envelope, with an empty object."""
    answer = await api.ask(name, {})
    assert (answer.status, answer.codes, answer.data) == (404, (404, 0), {})


@pytest.mark.parametrize("name", NEED_USER)
async def test_credentials_are_asked_for(api: Api, name: str) -> None:
    """Without credentials the answer is 401/20, whatever the body is."""
    answer = await api.ask(name, {"unknown": 1}, anonymous=True)
    assert (answer.status, answer.codes, answer.data) == (401, (401, 20), {})


@pytest.mark.parametrize(("name", "field"), MISSING, ids=map("-".join, MISSING))
async def test_missing_field_is_named(api: Api, name: str, field: str) -> None:
    """A required field that is not there: 400/12, and the message names it."""
    facts = PROTOCOL.endpoints[name]
    given = {other: ["x"] if facts.fields[other].kind == "list" else "x" for other in facts.required() if other != field}
    answer = await api.ask(path(name), given)
    assert answer.codes in ((400, 12), (400, 11)), answer.meta["result_msg"]
    assert answer.data == {}
    if len(facts.required()) == 1:
        assert field in answer.meta["result_msg"]


@pytest.mark.parametrize(("name", "field"), TYPED, ids=map("-".join, TYPED))
async def test_wrong_type_is_refused(api: Api, name: str, field: str) -> None:
    """A field of a wrong type: 400/12."""
    facts = PROTOCOL.endpoints[name]
    answer = await api.ask(path(name), {field: wrong_value(facts.fields[field])})
    assert answer.codes == (400, 12), answer.meta["result_msg"]
    assert answer.data == {}


@pytest.mark.parametrize("name", [name for name in NAMES if PROTOCOL.endpoints[name].until])
async def test_withdrawn_endpoint_says_so(api: Api, name: str) -> None:
    """Newer versions are answered that it is not supported any more."""
    assert (await api.ask(name, {"task": "0" * 32})).codes == (301, 1)
