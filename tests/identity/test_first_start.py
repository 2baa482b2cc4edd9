"""The first start: no default password, credentials shown once, presets of the environment."""

from __future__ import annotations

import re
from typing import Any

import pytest
from trackyard.core.plugins import PluginFailure
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, ADMIN_PASSWORD, SECRET_KEY

from tests.identity.conftest import ask, basic, bearer

NOTHING = {"TRACKYARD_ACCESS_KEY": "", "TRACKYARD_SECRET_KEY": "", "TRACKYARD_ADMIN_PASSWORD": ""}


async def works(api: Api, headers: dict[str, str]) -> bool:
    """Whether the credentials are the administrator's."""
    answer = await ask(api, "users.get_current_user", headers)
    return answer.status == 200 and answer.data["user"]["name"] == "admin" and answer.data["user"]["role"] == "root"


async def test_without_presets_new_credentials_and_a_link_are_printed_once(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serve(environ=NOTHING) as api:
        told = capsys.readouterr().out
        key, secret = (re.search(rf"CLEARML_API_{name}_KEY=(\S+)", told)[1] for name in ("ACCESS", "SECRET"))  # type: ignore[index]
        link = re.search(r"http://127\.0\.0\.1:\d+/login\?token=(\S+)", told)
        assert link is not None
        assert await works(api, basic(key, secret))
        assert await works(api, bearer(link[1]))
        assert not await works(api, bearer(link[1]))
        for password in ("admin", "", "password", "clearml"):
            assert (await ask(api, "auth.login", basic("admin", password))).codes == (401, 22)
    async with serve(environ=NOTHING) as api:
        assert capsys.readouterr().out == ""
        assert await works(api, basic(key, secret))


async def test_presets_are_used_and_not_printed(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with serve() as api:
        assert await works(api, basic(ACCESS_KEY, SECRET_KEY))
        assert await works(api, basic("admin", ADMIN_PASSWORD))
        assert len((await api.call("auth.get_credentials"))["credentials"]) == 1
    assert capsys.readouterr().out == ""


async def test_preset_keys_follow_the_environment_and_passwords_do_not(serve: Any) -> None:
    async with serve() as api:
        token = (await api.call("auth.login"))["token"]
    changed = {"TRACKYARD_SECRET_KEY": "another-" * 5, "TRACKYARD_ADMIN_PASSWORD": "another password"}
    async with serve(environ=changed) as api:
        assert not await works(api, basic(ACCESS_KEY, SECRET_KEY))
        assert not await works(api, bearer(token))
        assert await works(api, basic(ACCESS_KEY, "another-" * 5))
        assert await works(api, basic("admin", ADMIN_PASSWORD))
        assert not await works(api, basic("admin", "another password"))
    async with serve(environ={**changed, "TRACKYARD_ACCESS_KEY": "NEWKEY"}) as api:
        assert await works(api, basic("NEWKEY", "another-" * 5))
        assert len((await api.as_user("NEWKEY", "another-" * 5).call("auth.get_credentials"))["credentials"]) == 2


async def test_a_password_alone_is_enough(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with serve(environ=NOTHING | {"TRACKYARD_ADMIN_PASSWORD": "some long password"}) as api:
        assert await works(api, basic("admin", "some long password"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("missing", ["TRACKYARD_ACCESS_KEY", "TRACKYARD_SECRET_KEY"])
async def test_half_a_pair_is_refused(serve: Any, missing: str) -> None:
    with pytest.raises(PluginFailure, match=rf"environment: {missing}: found nothing"):
        async with serve(environ={missing: ""}):
            pass


async def test_weak_presets_are_warned_about_without_being_told(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(environ={"TRACKYARD_SECRET_KEY": "qqzzq", "TRACKYARD_ADMIN_PASSWORD": "zqqz"}) as api:
        assert await works(api, basic("admin", "zqqz"))
    assert "TRACKYARD_SECRET_KEY is short" in caplog.text
    assert "TRACKYARD_ADMIN_PASSWORD is short" in caplog.text
    assert "qqzzq" not in caplog.text
    assert "zqqz" not in caplog.text
