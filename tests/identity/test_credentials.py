"""API credentials: made once, shown without secrets, narrowed, revoked; tokens that were got with them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from trackyard.core import clock
from trackyard.core.entities import Credential
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY
from trackyard.plugins.identity import usage

from tests.identity.conftest import as_new_user, ask, basic, bearer


async def test_new_credentials_have_the_known_form_and_work(api: Api) -> None:
    made = (await api.call("auth.create_credentials", label="laptop"))["credentials"]
    assert re.fullmatch(r"[A-Z0-9]{30}", made["access_key"])
    assert re.fullmatch(r"[\w-]{54}", made["secret_key"])
    assert made["label"] == "laptop"
    answer = await ask(api, "auth.login", basic(made["access_key"], made["secret_key"]))
    assert answer.codes == (200, 0)


async def test_credentials_are_listed_without_secrets(api: Api) -> None:
    made = (await api.call("auth.create_credentials", label="laptop"))["credentials"]
    answer = await api.ask("auth.get_credentials")
    assert made["secret_key"] not in str(answer.data)
    listed = {item.pop("access_key"): item for item in answer.data["credentials"]}
    assert listed[made["access_key"]] == {"label": "laptop", "last_used": None, "last_used_from": None}
    assert set(listed) == {ACCESS_KEY, made["access_key"]}


async def test_the_last_use_is_known_without_an_offset(api: Api) -> None:
    await api.ask("users.get_current_user", {}, {"X-ClearML-Worker": "gpu-box:0"})
    used = {item["access_key"]: item for item in (await api.call("auth.get_credentials"))["credentials"]}[ACCESS_KEY]
    # the call that lists is a use too, and says nothing of a worker
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", used["last_used"])
    assert used["last_used_from"] == "127.0.0.1"
    token = (await api.call("auth.login"))["token"]
    shown = (await ask(api, "auth.get_credentials", bearer(token) | {"X-ClearML-Worker": "gpu-box:0"})).data["credentials"]
    assert [item["last_used_from"] for item in shown] == ["gpu-box:0"]


async def test_uses_are_written_together_and_at_the_end(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "INTERVAL", 3600.0)
    async with serve() as api:
        for _ in range(3):
            await api.call("users.get_current_user")
        assert await api.kernel.metadata.read(last_use) is None
    async with serve() as api:
        assert await api.kernel.metadata.read(last_use) is not None


def last_use(session: Session) -> Any:
    """When the preset key was used."""
    return session.exec(select(Credential.last_used).where(Credential.access_key == ACCESS_KEY)).one()


async def test_labels_can_be_changed(api: Api) -> None:
    made = (await api.call("auth.create_credentials"))["credentials"]
    assert made["label"] is None
    assert await api.call("auth.edit_credentials", access_key=made["access_key"], label="new") == {"updated": 1}
    labels = {item["access_key"]: item["label"] for item in (await api.call("auth.get_credentials"))["credentials"]}
    assert labels[made["access_key"]] == "new"
    assert (await api.ask("auth.edit_credentials", {"access_key": "X", "label": "y"})).codes == (400, 75)
    assert (await api.ask("auth.edit_credentials", {"label": "y"})).codes == (400, 12)
    assert (await api.ask("auth.create_credentials", {"label": "y" * 201})).codes == (400, 12)


async def test_revoked_credentials_and_their_tokens_are_refused_at_once(api: Api) -> None:
    made = (await api.call("auth.create_credentials"))["credentials"]
    key = basic(made["access_key"], made["secret_key"])
    token = (await ask(api, "auth.login", key)).data["token"]
    renewed = (await ask(api, "auth.login", bearer(token))).data["token"]
    assert await api.call("auth.revoke_credentials", access_key=made["access_key"]) == {"revoked": 1}
    assert (await ask(api, "users.get_current_user", key)).codes == (401, 22)
    for of_key in (token, renewed):
        assert (await ask(api, "users.get_current_user", bearer(of_key))).codes == (401, 30)
    assert await api.call("auth.revoke_credentials", access_key=made["access_key"]) == {"revoked": 0}


async def test_nobody_touches_the_credentials_of_others(api: Api) -> None:
    _, other = await as_new_user(api, "uma")
    assert [item["access_key"] for item in (await other.call("auth.get_credentials"))["credentials"]] != [ACCESS_KEY]
    assert await other.call("auth.revoke_credentials", access_key=ACCESS_KEY) == {"revoked": 0}
    assert (await other.ask("auth.edit_credentials", {"access_key": ACCESS_KEY, "label": "mine"})).codes == (400, 75)
    assert (await api.ask("users.get_current_user")).codes == (200, 0)


async def test_credentials_may_be_narrowed_and_can_not_widen_themselves(api: Api) -> None:
    made = (await api.call("auth.create_credentials", label="narrow", role="user"))["credentials"]
    narrowed = api.as_user(made["access_key"], made["secret_key"])
    assert (await narrowed.call("users.get_current_user"))["user"]["role"] == "user"
    assert (await narrowed.ask("server.config")).codes == (403, 20)
    token = (await narrowed.call("auth.login"))["token"]
    assert (await ask(api, "server.config", bearer(token))).codes == (403, 20)
    for role in (None, "admin"):
        more = (await narrowed.call("auth.create_credentials", role=role))["credentials"]
        assert (await api.as_user(more["access_key"], more["secret_key"]).ask("server.config")).codes == (403, 20)
    listed = {item["access_key"]: item for item in (await api.call("auth.get_credentials"))["credentials"]}
    assert listed[made["access_key"]]["role"] == "user"
    assert "role" not in listed[ACCESS_KEY]


async def test_credentials_that_only_read(api: Api) -> None:
    made = (await api.call("auth.create_credentials", role="guest"))["credentials"]
    reader = api.as_user(made["access_key"], made["secret_key"])
    assert (await reader.ask("users.get_all")).codes == (200, 0)
    assert (await reader.ask("auth.create_credentials")).codes == (403, 21)


async def test_credentials_may_expire_with_their_tokens(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = (await api.call("auth.create_credentials", expiration_sec=86400))["credentials"]
    headers = basic(made["access_key"], made["secret_key"])
    token = (await ask(api, "auth.login", headers)).data["token"]
    assert (await ask(api, "users.get_current_user", bearer(token))).codes == (200, 0)
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await ask(api, "users.get_current_user", headers)).codes == (401, 22)
    assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)
    assert (await api.ask("users.get_current_user")).codes == (200, 0)
    assert (await api.ask("auth.create_credentials", {"expiration_sec": 0})).codes == (400, 12)
