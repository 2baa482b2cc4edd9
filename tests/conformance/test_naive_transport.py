"""What a naive server gets wrong, 1 to 18: transport and authentication."""

import base64
import gzip

import aiohttp
import msgspec
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")


def claims_of(token: str) -> dict[str, object]:
    """The claims of a token, read without its signature as the SDK does."""
    part = token.split(".")[1]
    found: dict[str, object] = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_01_body_of_any_method_is_read(api: Api, method: str) -> None:
    """The SDK sends GET with a JSON body."""
    answer = await api.send(method, "projects.create", b'{"name": "by method ' + method.encode() + b'"}')
    assert answer.codes == (200, 0)


async def test_02_unknown_keys_are_accepted(api: Api) -> None:
    """The stray key ``method`` is in every body."""
    assert (await api.ask("tasks.get_all", {"method": "get", "no such filter": 1})).codes == (200, 0)


@pytest.mark.parametrize("name", ["projects.create", "tasks.create", "queues.create", "models.create"])
async def test_03_success_is_200(api: Api, name: str) -> None:
    """Never 201 or 204."""
    body = {"name": f"made by {name}", "type": "training", "uri": "http://127.0.0.1/x"}
    assert (await api.ask(name, body)).status == 200


async def test_04_versions_in_meta_are_text(api: Api) -> None:
    """An integer makes the SDK try again for ever."""
    for name in ("tasks.get_all", "v2.23/tasks.get_all", "no.such", "nonsense"):
        endpoint = (await api.ask(name)).meta["endpoint"]
        assert isinstance(endpoint["requested_version"], str)
        assert isinstance(endpoint["actual_version"], str | None)


async def test_05_data_is_always_an_object(api: Api) -> None:
    """Also on errors and in empty answers."""
    assert (await api.ask("queues.get_by_id", {"queue": "by name"})).data == {}
    task = (await api.call("tasks.create", name="pinged", type="training"))["id"]
    assert (await api.ask("tasks.ping", {"task": task})).data == {}


@pytest.mark.parametrize("path", ["", "nonsense", "a/b/c", "tasks.get_all/more", "v2/tasks.get_all", "x.y.z", "no.such"])
async def test_06_every_error_has_the_envelope(api: Api, path: str) -> None:
    """No page of the framework."""
    answer = await api.send("POST", path, b"{}")
    assert answer.status in (400, 404)
    assert answer.meta["result_code"] == answer.status


async def test_07_permanent_errors_are_below_500(api: Api) -> None:
    """Codes above 500 make clients try again for ever."""
    for body in (b"[1]", b"17", b"{", b'{"a":'):
        assert (await api.send("POST", "tasks.get_all", body)).status == 400


@pytest.mark.parametrize(
    "path", ["tasks.get_all/", "/tasks.get_all", "v2.23/tasks.get_all", "//tasks.get_all", "v999.0/tasks.get_all"]
)
async def test_08_forms_of_paths(api: Api, path: str) -> None:
    """Slashes at the end and at the beginning, with a version and without."""
    assert (await api.send("POST", path, b"{}")).codes == (200, 0)


async def test_09_versions_are_compared_by_numbers(api: Api) -> None:
    """2.9 comes before 2.23: both are known, and so is what needs 2.13."""
    for version in ("2.9", "2.23", "2.31"):
        assert (await api.ask(f"v{version}/tasks.get_all")).codes == (200, 0)
    assert (await api.ask("v2.23/tasks.get_all")).meta["endpoint"]["requested_version"] == "2.23"


async def test_10_versions_above_the_newest_are_accepted(api: Api) -> None:
    """A newer client is answered by the newest handler."""
    assert (await api.ask("v2.99/tasks.get_all")).codes == (200, 0)


async def test_11_token_is_a_real_one(api: Api) -> None:
    """The SDK decodes it without verifying the signature."""
    token = (await api.call("auth.login"))["token"]
    assert token.count(".") == 2
    assert isinstance(claims_of(token)["exp"], int)


async def test_12_token_says_the_newest_version(api: Api) -> None:
    """Without it the SDK falls back to old endpoints and switches datasets off."""
    assert claims_of((await api.call("auth.login"))["token"])["api_version"] == "2.31"


async def test_13_server_version_is_dotted_numbers(api: Api) -> None:
    """It is compared with 1.16.3."""
    version = str(claims_of((await api.call("auth.login"))["token"])["server_version"])
    assert [int(part) for part in version.split(".")] >= [1, 16, 3]


async def test_14_basic_is_accepted_everywhere(api: Api) -> None:
    """Not only at the login."""
    assert (await api.ask("tasks.get_all")).codes == (200, 0)
    token = (await api.call("auth.login"))["token"]
    answer = await api.ask("tasks.get_all", {}, {"Authorization": f"Bearer {token}"}, anonymous=True)
    assert answer.codes == (200, 0)
    assert (await api.ask("auth.login", {}, {"Authorization": f"Bearer {token}"}, anonymous=True)).data["token"]


async def test_15_cookie_is_read(api: Api) -> None:
    """A browser downloads files with the cookie."""
    token = (await api.call("auth.login"))["token"]
    answer = await api.ask("tasks.get_all", {}, {"Cookie": f"clearml_token_basic={token}"}, anonymous=True)
    assert answer.codes == (200, 0)
    headers = {"Cookie": f"clearml_token_basic={token}"}
    async with api.session.get(f"{api.urls['files']}/no/such/file", headers=headers) as response:
        assert response.status == 404


async def test_16_feature_set_is_basic(api: Api) -> None:
    """Otherwise clients ask for vaults."""
    assert claims_of((await api.call("auth.login"))["token"])["feature_set"] == "basic"


async def test_17_token_lives_long(api: Api) -> None:
    """It is refreshed a minute before its end; a life below that would be a login for every call."""
    claims = claims_of((await api.call("auth.login"))["token"])
    assert int(str(claims["exp"])) - int(str(claims["iat"])) >= 3600


async def test_18_expired_token_is_401(api: Api) -> None:
    """403 would not make the client log in again."""
    token = (await api.call("auth.login", expiration_sec=-5))["token"]
    answer = await api.ask("tasks.get_all", {}, {"Authorization": f"Bearer {token}"}, anonymous=True)
    assert answer.codes == (401, 30)
    wrong = base64.b64encode(f"{ACCESS_KEY}:wrong".encode()).decode()
    assert (await api.ask("auth.login", {}, {"Authorization": f"Basic {wrong}"}, anonymous=True)).codes == (401, 22)


async def test_compressed_bodies_are_read(api: Api) -> None:
    """Clients may send gzip."""
    answer = await api.send("POST", "tasks.get_all", gzip.compress(b'{"page_size": 1}'), {"Content-Encoding": "gzip"})
    assert answer.codes == (200, 0)


async def test_answers_to_the_sdk_close_the_connection(api: Api) -> None:
    """The SDK forks while connections are pooled: two processes would write into one socket."""
    for headers in ({"X-ClearML-Client": "clearml-2.1.12"}, {"User-Agent": "python-requests/2.32.5"}):
        assert (await api.ask("tasks.get_all", {}, headers)).headers["Connection"].lower() == "close"
    assert (await api.ask("tasks.get_all")).headers.get("Connection", "").lower() != "close"
    authorization = aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)
    headers = {"User-Agent": "python-requests/2.32.5", "Authorization": authorization}
    async with api.session.get(f"{api.urls['files']}/no/such", headers=headers) as response:
        assert response.headers["Connection"].lower() == "close"


async def test_trx_is_given_back(api: Api) -> None:
    """The transaction id of the client is in the answer, else the call's own id."""
    assert (await api.ask("tasks.get_all", {}, {"X-Clearml-Trx": "mine"})).meta["trx"] == "mine"
    meta = (await api.ask("tasks.get_all")).meta
    assert meta["trx"] == meta["id"]
