"""Settings of plugins through the API: what is told, what is changed in the file, what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from trackyard.core import settings_file
from trackyard.core.settings import Settings, SettingsError
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

pytestmark = pytest.mark.asyncio(loop_scope="module")
FILE = '# what we chose\n[ui]\nlogin_notice = "hello"  # shown to everybody\n\n[workers]\n'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A server with a file of settings, and one of them from the environment."""
    folder: Path = await asyncio.to_thread(tmp_path_factory.mktemp, "settings")
    async with serving_kernel(folder, FILE, environ={"TRACKYARD__FILESERVER__MAX_UPLOAD": "1000"}) as served:
        yield served


async def setting(api: Api, plugin: str, key: str) -> dict[str, Any]:
    """What is told of a setting."""
    rows = (await api.call("plugins.get_all"))["plugins"]
    found = next(row for row in rows if row["name"] == plugin)
    return next(item for item in found["settings"] if item["key"] == key)


async def text(api: Api) -> str:
    """The file."""
    path = settings_file.path_of(api.kernel.settings)
    return await asyncio.to_thread(path.read_text)


async def test_settings_are_told_with_kind_and_place(api: Api) -> None:
    """A form can be made of them: kind, default, value, source, and whether the file decides."""
    notice = await setting(api, "ui", "login_notice")
    assert (notice["kind"], notice["default"], notice["value"], notice["by_file"]) == ("text", "", "hello", True)
    limit = await setting(api, "fileserver", "max_upload")
    assert (limit["kind"], limit["value"], limit["by_file"]) == ("whole number", 1000, False)
    assert limit["source"] == "TRACKYARD__FILESERVER__MAX_UPLOAD"


async def test_declared_texts_and_kinds_are_told(api: Api) -> None:
    """A type with a description is still what it is."""
    days = await setting(api, "workers", "statistics_days")
    assert days["kind"] == "whole number"
    assert days["description"].startswith("Days for which")


async def test_a_change_goes_into_the_file_and_waits_for_the_restart(api: Api) -> None:
    """Comments and other values stay; null takes the key out again."""
    answer = await api.call("plugins.configure", plugin="ui", settings={"login_notice": "new words"})
    assert answer["restart_needed"] is True
    assert "# what we chose" in await text(api)
    assert 'login_notice = "new words"  # shown to everybody' in await text(api)
    notice = await setting(api, "ui", "login_notice")
    assert (notice["value"], notice["pending"]) == ("hello", "new words")
    await api.call("plugins.configure", plugin="ui", settings={"login_notice": None})
    assert "login_notice" not in await text(api)
    assert (await setting(api, "ui", "login_notice"))["pending"] == ""


@pytest.mark.parametrize(
    ("plugin", "settings", "said"),
    [
        ("ui", {"login_notice": 5}, "Expected `str`"),
        ("ui", {"nothing_like_it": 5}, "no such setting"),
        ("workers", {"statistics_days": "much"}, "Expected `int`"),
        ("none", {}, "There is no such plugin"),
    ],
)
async def test_a_wrong_change_changes_nothing(api: Api, plugin: str, settings: dict[str, Any], said: str) -> None:
    """The error names the key and what is expected; the file stays as it is, and no temporary one is left."""
    before = await text(api)
    answer = await api.ask("plugins.configure", {"plugin": plugin, "settings": settings})
    assert answer.status == 400
    assert said in answer.meta["result_msg"]
    assert await text(api) == before
    folder = settings_file.path_of(api.kernel.settings).parent
    assert await asyncio.to_thread(lambda: list(folder.glob(".plugins.toml-*"))) == []


async def test_a_plugin_is_switched_off_and_on(api: Api) -> None:
    """It is in the list of the file until it is switched on again; one that the server needs can't be switched off."""
    await api.call("plugins.switch", plugin="ui-search", enabled=False)
    assert 'disabled = ["ui-search"]' in await text(api)
    rows = (await api.call("plugins.get_all"))["plugins"]
    assert [row["name"] for row in rows if not row["enabled_at_start"]] == ["ui-search"]
    await api.call("plugins.switch", plugin="ui-search", enabled=True)
    assert "disabled" not in await text(api)
    essential = next(row["name"] for row in rows if row["essential"])
    assert (await api.ask("plugins.switch", {"plugin": essential, "enabled": False})).status == 400


async def test_only_administrators_see_and_change(api: Api) -> None:
    """A member is refused."""
    company = (await api.call("users.get_current_user"))["user"]["company"]["id"]
    body = {"name": "Member", "email": "member@example.com", "company": company, "password": "a-long-password"}
    await api.call("auth.create_user", body)
    member = api.as_user("member@example.com", "a-long-password")
    for name, fields in (("plugins.get_all", {}), ("plugins.configure", {"plugin": "ui", "settings": {}})):
        assert (await member.ask(name, fields)).status == 403, name


async def test_secrets_are_neither_shown_nor_set(api: Api) -> None:
    """No key that names a secret can be set, whatever the plugin declares."""
    rows = (await api.call("plugins.get_all"))["plugins"]
    secrets = [(row["name"], item) for row in rows for item in row["settings"] if item["secret"]]
    for name, item in secrets:
        assert not item["value"] or item["value"] == "(hidden)"
        answer = await api.ask("plugins.configure", {"plugin": name, "settings": {item["key"]: "x"}})
        assert answer.status == 400
        assert "secrets are not set here" in answer.meta["result_msg"]


async def test_a_file_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    """A folder that is not there: nothing is written, and the error says so."""
    settings = Settings(environ={}, data_dir=tmp_path / "none")
    assert not settings_file.is_writable(settings_file.path_of(settings))
    from trackyard.ui.plugin import UiSettings

    with pytest.raises(SettingsError, match="a writable file"):
        settings_file.change(settings, "ui", UiSettings, {"login_notice": "x"})


async def test_tables_in_tables_and_new_files() -> None:
    """A nested table is made where it is missing; the text is TOML."""
    assert settings_file.changed("", "a.b", {"c": ["x"]}) == '[a.b]\nc = ["x"]\n'
    with pytest.raises(SettingsError):
        settings_file.changed("a = 1\n", "a", {"b": 1})
