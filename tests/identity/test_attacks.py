"""Attacks on the way in: forged tokens, guesses, other sites, borrowed identities, secrets in the wrong places."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from trackyard.core.errors import ApiError
from trackyard.core.identity import ROLES, SYSTEM
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, ADMIN_PASSWORD, SECRET_KEY
from trackyard.plugins.identity import accounts, attempts, secrets, tokens
from trackyard.plugins.identity import realm as realms
from trackyard.plugins.identity.tokens import read_keys

from tests.identity.conftest import COMPANY, as_new_user, ask, basic, bearer, make_user

PASSWORD = "correct horse battery"


def part(value: dict[str, Any]) -> str:
    """A part of a token."""
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def forged(api: Api) -> dict[str, str]:
    """Tokens that are not good, by what is wrong with them; each claims to be the administrator's."""
    token = (await api.call("auth.login"))["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    (key,) = await asyncio.to_thread(read_keys, "", api.kernel.data_dir)
    header, body, signature = token.split(".")
    now = int(time.time())
    weaker = part({**claims, "identity": {**claims["identity"], "role": "system"}})
    return {
        "another key": jwt.encode(claims, "x" * 32, "HS256"),
        "no algorithm": f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "no algorithm, old signature": f"{part({'alg': 'none'})}.{body}.{signature}",
        "another algorithm": jwt.encode(claims, key * 2, "HS512"),
        "a public key's algorithm": f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{body}.{signature}",
        "another body": f"{header}.{weaker}.{signature}",
        "a key of the sender's": jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "../../dev/null", "jwk": {"k": "eA"}}),
        "expired": jwt.encode({**claims, "exp": now - 1}, key, "HS256"),
        "not yet valid": jwt.encode({**claims, "nbf": now + 3600}, key, "HS256"),
        "from the future": jwt.encode({**claims, "iat": now + 3600}, key, "HS256"),
        "another audience": jwt.encode({**claims, "aud": "somebody"}, key, "HS256"),
        "without an end": jwt.encode({name: value for name, value in claims.items() if name != "exp"}, key, "HS256"),
        "without a session": jwt.encode({name: value for name, value in claims.items() if name != "session_id"}, key, "HS256"),
        "an unknown user": jwt.encode({**claims, "identity": {**claims["identity"], "user": "nobody"}}, key, "HS256"),
        "huge": "x" * 40_000,
        "two parts": f"{header}.{body}",
        "not ascii": "\xe9.\xe9.\xe9",
        "empty link": "once_",
        "deep": f"{urlsafe_b64encode(b'[' * 30_000).decode().rstrip('=')}.{body}.{signature}",
    }


async def test_forged_tokens_are_refused_on_every_way(api: Api) -> None:
    for what, token in (await forged(api)).items():
        for headers in (bearer(token), {"Cookie": f"clearml_token_basic={token}", "Sec-Fetch-Site": "same-origin"}):
            answer = await ask(api, "auth.login", headers)
            assert answer.codes == (401, 30), (what, answer.meta)
            assert answer.data == {}
            assert answer.meta["error_stack"] is None


def test_a_remembered_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    issued = tokens.Tokens([b"k" * 32], 3600)
    token = issued.issue(SYSTEM)
    assert issued.read(token)["identity"]["user"] == SYSTEM.user
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ApiError, match="token expired"):
        issued.read(token)


async def test_a_token_of_the_file_of_keys_is_good_until_its_key_goes(serve: Any, tmp_path: Path) -> None:
    async with serve() as api:
        token = (await api.call("auth.login"))["token"]
    path = tmp_path / "data" / "token.key"
    assert path.stat().st_mode & 0o777 == 0o600
    old = path.read_text()
    path.write_text("n" * 40 + "\n" + old)
    async with serve() as api:
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (200, 0)
        new = (await api.call("auth.login"))["token"]
    path.write_text("n" * 40 + "\n")
    async with serve() as api:
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)
        assert (await ask(api, "users.get_current_user", bearer(new))).codes == (200, 0)


async def test_a_key_of_the_settings(serve: Any, tmp_path: Path) -> None:
    async with serve(environ={"TRACKYARD__IDENTITY__TOKEN_KEY": "k" * 32}) as api:
        token = (await api.call("auth.login"))["token"]
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (200, 0)
    assert not (tmp_path / "data" / "token.key").exists()
    with pytest.raises(Exception, match=r"identity\.token_key.*too short"):
        async with serve(environ={"TRACKYARD__IDENTITY__TOKEN_KEY": "short"}):
            pass


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []
    original = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert not secrets.secret_matches(secrets.hash_secret("a"), "b")
    assert secrets.secret_matches(secrets.hash_secret("a"), "a")
    assert len(compared) == 2
    assert all(len(one) == len(other) == 64 for one, other in compared)


async def test_an_unknown_user_costs_what_a_known_one_costs(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are hashed with the same parameters, so the time tells nothing."""
    await make_user(api, "uma", password=PASSWORD)
    await make_user(api, "without")
    hashed: list[str] = []
    original = PasswordHasher.verify

    def verify(hasher: Any, password_hash: str, password: str) -> Any:
        hashed.append(password_hash.rsplit("$", 2)[0])
        return original(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    answers = [await ask(api, "auth.login", basic(name, "wrong")) for name in ("uma", "without", "nobody")]
    assert {(answer.codes, answer.meta["result_msg"], str(answer.data)) for answer in answers} == {
        ((401, 22), "Unauthorized (wrong user name, key or secret)", "{}")
    }
    assert hashed == ["$argon2id$v=19$m=19456,t=2,p=1"] * 3


async def test_guesses_are_slowed_down_and_keys_go_on_working(api: Api) -> None:
    await make_user(api, "uma", password=PASSWORD)
    for _ in range(attempts.OF_ONE_USER):
        assert (await ask(api, "auth.login", basic("uma", "wrong"))).codes == (401, 22)
    answer = await ask(api, "auth.login", basic("uma", PASSWORD))
    assert answer.codes == (429, 0)
    assert 0 < int(answer.headers["Retry-After"]) <= attempts.WINDOW + 1
    # neither other users of the address nor API keys, nor the user's sessions suffer
    assert (await ask(api, "auth.login", basic("admin", ADMIN_PASSWORD))).codes == (200, 0)
    for _ in range(attempts.OF_ONE_USER + 1):
        assert (await ask(api, "auth.login", basic(ACCESS_KEY, "wrong"))).codes == (401, 22)
    assert (await ask(api, "auth.login", basic(ACCESS_KEY, SECRET_KEY))).codes == (200, 0)


async def test_what_a_client_calls_itself_does_not_hide_its_address(api: Api) -> None:
    for number in range(attempts.OF_ONE_USER):
        await ask(
            api, "auth.login", basic("admin", "wrong") | {"X-ClearML-Worker": f"w{number}", "X-Forwarded-For": f"10.0.0.{number}"}
        )
    assert (await ask(api, "auth.login", basic("admin", "wrong") | {"X-ClearML-Worker": "another"})).codes == (429, 0)


async def test_guesses_at_the_same_time_all_count(api: Api) -> None:
    guesses = [ask(api, "auth.login", basic("admin", f"wrong{number}")) for number in range(attempts.OF_ONE_USER + 5)]
    codes = [answer.codes for answer in await asyncio.gather(*guesses)]
    assert sorted(codes) == [(401, 22)] * attempts.OF_ONE_USER + [(429, 0)] * 5


def test_many_users_from_one_address_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    counted = attempts.Attempts()
    for number in range(attempts.OF_ONE_ADDRESS):
        counted.begin(f"user{number}", "10.0.0.1")
    with pytest.raises(Exception, match="Too many wrong passwords"):
        counted.begin("new", "10.0.0.1")
    counted.begin("new", "10.0.0.2")
    now[0] += attempts.WINDOW
    counted.begin("new", "10.0.0.1")
    for _ in range(attempts.OF_ONE_USER * 3):
        counted.begin("good", "10.0.0.3")
        counted.succeeded("good", "10.0.0.3")


async def test_who_may_be_whom(api: Api) -> None:
    """Only administrators may act as others, and never as somebody who may more."""
    targets = {role: await make_user(api, f"target-{role}", role) for role in ROLES}
    for caller in ROLES:
        own, other = await as_new_user(api, f"caller-{caller}", caller)
        for target, user in targets.items():
            allowed = caller in ("system", "root", "admin") and ROLES.index(target) >= ROLES.index(caller)
            answer = await other.ask("users.get_current_user", {}, {"X-ClearML-Impersonate-As": user})
            acting = await other.ask("users.get_current_user", {}, {"X-ClearML-Act-As": user})
            if allowed:
                assert (answer.data["user"]["id"], answer.data["user"]["role"]) == (user, target)
                assert (acting.data["user"]["id"], acting.data["user"]["role"]) == (user, caller)
            else:
                assert answer.codes == acting.codes == (400, 6), (caller, target)
        both = {"X-ClearML-Impersonate-As": own, "X-ClearML-Act-As": own}
        assert (await other.ask("users.get_current_user", {}, both)).codes == (400, 5)
        assert (await other.ask("users.get_current_user", {}, {"X-ClearML-Impersonate-As": "nobody"})).codes == (400, 6)


async def test_login_as_another_user_gives_that_users_token_and_rights(api: Api) -> None:
    user, _ = await as_new_user(api, "uma")
    for name in ("X-ClearML-Impersonate-As", "X-ClearML-Act-As", "X-Trains-Impersonate-As"):
        token = (await api.ask("auth.login", {}, {name: user})).data["token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["identity"]["user"] == user
        assert (await ask(api, "users.get_current_user", bearer(token))).data["user"]["role"] == "user"
        assert (await ask(api, "server.config", bearer(token))).codes == (403, 20)


async def test_guests_read_and_change_nothing(api: Api) -> None:
    user, guest = await as_new_user(api, "gil", "guest")
    assert (await guest.ask("users.get_all")).codes == (200, 0)
    assert (await guest.ask("auth.login")).codes == (200, 0)
    for name, body in (
        ("auth.create_credentials", {}),
        ("auth.revoke_credentials", {"access_key": "x"}),
        ("auth.edit_credentials", {"access_key": "x"}),
        ("users.update", {"user": user, "name": "x"}),
        ("auth.set_password", {"password": PASSWORD}),
    ):
        assert (await guest.ask(name, body)).codes == (403, 21), name


async def test_every_endpoint_of_administrators_refuses_others(api: Api) -> None:
    callers = {role: (await as_new_user(api, f"as-{role}", role))[1] for role in ROLES}
    limited = [endpoint for endpoint in api.kernel.endpoints.all() if endpoint.permission.roles != frozenset(ROLES)]
    assert {"auth.create_user", "server.config", "users.delete"} <= {endpoint.name for endpoint in limited}
    for endpoint in limited:
        assert (await ask(api, endpoint.name, {})).codes == (401, 20), endpoint.name
        for role, caller in callers.items():
            if role not in endpoint.permission.roles:
                assert (await caller.ask(endpoint.name)).codes == (403, 20), (endpoint.name, role)


FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
    {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"},
]


async def test_another_site_can_not_use_the_session(api: Api) -> None:
    token = (await api.call("auth.login"))["token"]
    cookie = {"Cookie": f"clearml_token_basic={token}"}
    url = f"{api.urls['api']}/auth.create_credentials?label=stolen"
    for headers in FOREIGN:
        assert (await ask(api, "auth.create_credentials", cookie | headers)).codes == (403, 21), headers
        for place in (url, f"{api.urls['web']}/api/auth.create_credentials"):
            async with api.session.get(place, headers=cookie | headers) as response:
                assert response.status == 403, headers
    async with api.session.get(url, headers=cookie | {"Referer": "http://evil.example/"}) as response:
        assert response.status == 403
    assert len((await api.call("auth.get_credentials"))["credentials"]) == 1


async def test_the_own_site_can_use_the_session(api: Api) -> None:
    token = (await api.call("auth.login"))["token"]
    own = {"Cookie": f"clearml_token_basic={token}", "Origin": api.urls["web"], "Sec-Fetch-Site": "same-origin"}
    async with api.session.post(f"{api.urls['web']}/api/auth.create_credentials", json={}, headers=own) as response:
        assert response.status == 200


async def test_secrets_are_in_no_answer_no_log_and_no_file(serve: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve() as api:
        user = await make_user(api, "uma", password=PASSWORD)
        made = (await api.call("auth.create_credentials"))["credentials"]
        link = (await api.call("auth.create_login_link", user=user))["token"]
        token = (await ask(api, "auth.login", basic("uma", PASSWORD))).data["token"]
        hidden = [SECRET_KEY, ADMIN_PASSWORD, PASSWORD, made["secret_key"], link, token]
        bodies = {
            "auth.set_password": {"password": PASSWORD, "current_password": "wrong-one"},
            "auth.validate_token": {"token": "t"},
        }
        answers = []
        for name in sorted(
            {endpoint.name for endpoint in api.kernel.endpoints.all()} - {"auth.login", "auth.create_credentials"}
        ):
            answers.append(str((await api.ask(name, bodies.get(name, {"user": user}))).data))
        for headers in (basic("uma", "s3cret-guess"), bearer("s3cret-guess"), bearer(token[:-2])):
            answers.append(str((await ask(api, "auth.login", headers)).meta))
        hidden.append("s3cret-guess")
    told = "\n".join([*answers, caplog.text])
    assert [secret for secret in hidden if secret in told] == []
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert [secret for secret in hidden if secret.encode() in stored] == []
    assert b"argon2id" in stored or not (tmp_path / "data" / "metadata.db").exists()


async def test_users_of_the_same_name_are_not_confused(api: Api) -> None:
    """User names are compared without case and space; an access key is never taken for one."""
    await make_user(api, "uma", password=PASSWORD)
    body = {"name": "x", "company": COMPANY, "email": "x@example.org"}
    for name in ("UMA", " uma ", "Uma"):
        assert (await api.ask("auth.create_user", {**body, "username": name})).codes == (400, 302)
    assert (await api.ask("auth.create_user", {**body, "username": ACCESS_KEY})).codes == (400, 12)


async def test_calls_of_known_callers_ask_the_database_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "REMEMBERED", 3600.0)
    monkeypatch.setattr(realms, "PASSWORD_REMEMBERED", 3600.0)
    token = (await api.call("auth.login"))["token"]
    realm = api.kernel.plugins.records["identity"].plugin.realm  # type: ignore[union-attr]
    for headers in (bearer(token), basic(ACCESS_KEY, SECRET_KEY), basic("admin", ADMIN_PASSWORD)):
        assert (await ask(api, "debug.ping", headers)).status == 200
        assert (await ask(api, "auth.login", headers)).status == 200
    asked: list[Any] = []

    async def read(work: Any) -> Any:
        asked.append(work)

    monkeypatch.setattr(realm.accounts, "_store", None)
    monkeypatch.setattr(realm.passwords, "matches", read)
    for headers in (bearer(token), basic(ACCESS_KEY, SECRET_KEY), basic("admin", ADMIN_PASSWORD)):
        assert (await ask(api, "auth.login", headers)).status == 200
    assert asked == []


async def test_who_got_in_and_who_did_not_is_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trackyard.audit")
    root = (await api.call("users.get_current_user"))["user"]["id"]
    await api.call("auth.login")
    await ask(api, "auth.login", basic(ACCESS_KEY, "wrong"))
    await ask(api, "auth.login", basic("admin", "wrong"))
    await ask(api, "auth.login", basic("my password", "wrong"))
    user = await make_user(api, "uma")
    await api.call("auth.edit_user", user=user, role="superuser")
    await api.ask("auth.revoke_credentials", {"access_key": "x\nINFO forged"})
    await api.call("users.delete", user=user)
    lines = [record.getMessage() for record in caplog.records if record.name == "trackyard.audit"]
    by = f"user {root!r} from 127.0.0.1"
    assert lines == [
        f"login: {by} via='basic'",
        f"refused: wrong secret or expired key for {ACCESS_KEY!r} from 127.0.0.1",
        f"refused: wrong password for {root!r} from 127.0.0.1",
        "refused: wrong password for 'an unknown user' from 127.0.0.1",
        f"user created: {by} user={user!r} role='user'",
        f"user changed: {by} user={user!r} role='superuser'",
        f"credentials revoked: {by} access_key='x\\nINFO forged' revoked=0",
        f"user deleted: {by} user={user!r}",
    ]
