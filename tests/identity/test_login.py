"""``auth.login``: tokens and their claims, cookies, and who is let in."""

from __future__ import annotations

import time
from typing import Any

import jwt
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, ADMIN_PASSWORD, SECRET_KEY

from tests.identity.conftest import COMPANY, ask, basic, bearer


def claims_of(token: str) -> dict[str, Any]:
    """The claims, read as clients read them: without the key."""
    read: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return read


async def test_login_gives_a_token_with_the_claims_that_clients_read(api: Api) -> None:
    token = (await api.call("auth.login"))["token"]
    claims = claims_of(token)
    assert claims["api_version"] == "2.31"
    assert claims["server_version"] == "2.0.0"
    assert claims["feature_set"] == "basic"
    assert claims["auth_type"] == "Bearer"
    assert claims["exp"] - claims["iat"] == 30 * 86400
    assert claims["identity"]["company"] == COMPANY
    assert claims["identity"]["company_name"] == "trackyard"
    assert claims["identity"]["user_name"] == "admin"
    assert claims["identity"]["role"] == "root"
    assert {"env", "server_build", "session_id", "user"} <= claims.keys() | claims["identity"].keys()


async def test_a_token_is_good_on_every_endpoint_and_for_another_login(api: Api) -> None:
    token = (await api.call("auth.login"))["token"]
    current = await ask(api, "users.get_current_user", bearer(token))
    assert current.data["user"]["id"] == claims_of(token)["identity"]["user"]
    renewed = await ask(api, "auth.login", bearer(token))
    assert claims_of(renewed.data["token"])["session_id"] == claims_of(token)["session_id"]
    assert (await ask(api, "users.get_current_user", bearer(renewed.data["token"]))).codes == (200, 0)


async def test_expiration_may_be_asked_for_within_limits(api: Api) -> None:
    claims = claims_of((await api.call("auth.login", expiration_sec=120))["token"])
    assert claims["exp"] - claims["iat"] == 120
    assert (await api.ask("auth.login?expiration_sec=31536001")).codes == (400, 12)
    assert (await api.ask("auth.login?expiration_sec=31536000")).codes == (200, 0)
    for seconds in (0, -5):
        token = (await api.call("auth.login", expiration_sec=seconds))["token"]
        assert claims_of(token)["exp"] <= time.time()
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)


async def test_an_access_key_and_a_password_open_alike(api: Api) -> None:
    by_key = await ask(api, "users.get_current_user", basic(ACCESS_KEY, SECRET_KEY))
    by_password = await ask(api, "users.get_current_user", basic(" Admin ", ADMIN_PASSWORD))
    assert by_key.data["user"]["id"] == by_password.data["user"]["id"]


async def test_wrong_credentials_have_one_answer(api: Api) -> None:
    """Nothing tells whether the user or the key exists."""
    for name in ("nobody", "admin", ACCESS_KEY, "A" * 30, "X"):
        answer = await ask(api, "auth.login", basic(name, "wrong"))
        assert answer.codes == (401, 22), name
        assert answer.meta["result_msg"] == "Unauthorized (wrong user name, key or secret)"
        assert answer.data == {}


async def test_malformed_missing_and_unknown_credentials(api: Api) -> None:
    for credential in ("", "%%%", "bm9jb2xvbg==", "/w==", "OnNlY3JldA=="):
        assert (await ask(api, "auth.login", {"Authorization": f"Basic {credential}"})).codes == (401, 21), credential
    assert (await ask(api, "auth.login", {})).codes == (401, 20)
    assert (await ask(api, "auth.login", {"Authorization": "Digest x"})).codes == (401, 10)


async def test_login_sets_a_cookie_that_scripts_can_not_read(api: Api) -> None:
    answer = await api.ask("auth.login")
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    token, *attributes = rest.split("; ")
    assert name == "clearml_token_basic"
    assert token == answer.data["token"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax", f"Max-Age={30 * 86400}"} <= set(attributes)
    assert "Secure" not in attributes
    assert "Domain" not in answer.headers["Set-Cookie"]
    assert "Set-Cookie" not in (await api.ask("users.get_current_user")).headers


async def test_the_cookie_is_secure_behind_https(serve: Any) -> None:
    config = '[server]\ntrusted_proxies = ["127.0.0.1"]\n'
    async with serve(config) as api:
        assert "; Secure" in (await api.ask("auth.login", {}, {"X-Forwarded-Proto": "https"})).headers["Set-Cookie"]
        assert "; Secure" not in (await api.ask("auth.login", {}, {"X-Forwarded-Proto": "http"})).headers["Set-Cookie"]
    async with serve('[server]\npublic_web = "https://yard.example"\n') as api:
        assert "; Secure" in (await api.ask("auth.login")).headers["Set-Cookie"]
    async with serve() as api:
        assert "; Secure" not in (await api.ask("auth.login", {}, {"X-Forwarded-Proto": "https"})).headers["Set-Cookie"]


async def test_logout_ends_the_session_and_takes_the_cookie(api: Api) -> None:
    for name in ("auth.logout", "login.logout"):
        token = (await api.call("auth.login"))["token"]
        other = (await api.call("auth.login"))["token"]
        answer = await ask(api, name, {"Cookie": f"clearml_token_basic={token}"})
        assert answer.codes == (200, 0)
        assert 'clearml_token_basic=""' in answer.headers["Set-Cookie"]
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)
        assert (await ask(api, "users.get_current_user", bearer(other))).codes == (200, 0)
    assert (await ask(api, "login.logout", {})).codes == (200, 0)


async def test_logout_everywhere(api: Api) -> None:
    tokens = [(await api.call("auth.login"))["token"] for _ in range(2)]
    await api.call("auth.logout", everywhere=True)
    for token in tokens:
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)
    assert (await ask(api, "users.get_current_user", bearer((await api.call("auth.login"))["token"]))).codes == (200, 0)


async def test_supported_modes_tell_whether_the_caller_is_known(api: Api) -> None:
    token = (await api.call("auth.login"))["token"]
    for headers, known in (({}, False), ({"Cookie": f"clearml_token_basic={token}"}, True), (bearer("x.y.z"), False)):
        modes = (await ask(api, "login.supported_modes", headers)).data
        assert modes["authenticated"] is known
        assert modes["basic"] == {"enabled": True, "guest": {"enabled": False, "name": "", "username": "", "password": ""}}
        assert modes["sso"] == {}
        assert modes["sso_providers"] == []
        assert modes["server_errors"] == {"missed_es_upgrade": False, "es_connection_error": False}


async def test_fixed_users_mode_needs_nobody(api: Api) -> None:
    answer = await ask(api, "auth.fixed_users_mode", {})
    assert answer.data == {"enabled": True, "guest": {"enabled": False}, "server_errors": {}}
