"""``trackyard user``, without a running server and beside one."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from trackyard.core.cli.main import main
from trackyard.core.testing import postgresql
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import Ports

from tests.identity.conftest import ask, basic

PASSWORD = "correct horse battery"
Trackyard = Callable[..., int]


@pytest.fixture
def trackyard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trackyard:
    """``trackyard("user", "list")`` runs the command on the folder of the test; ``typed`` is its standard input."""
    monkeypatch.chdir(tmp_path)
    for name, value in postgresql.environment(tmp_path, "").items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return main([*arguments, "--data-dir", str(tmp_path / "data"), "--log-level", "error"])

    return run


def test_users_without_a_server(trackyard: Trackyard, capsys: pytest.CaptureFixture[str]) -> None:
    assert trackyard("user", "create", "Uma", "--password", "--role", "admin", typed=f"{PASSWORD}\n") == 0
    assert re.search(r"user uma was created \([0-9a-f]{32}\)", capsys.readouterr().out)
    assert trackyard("user", "create", "gil", "--role", "guest", "--email", "gil@example.org", "--name", "Gil G.") == 0
    assert trackyard("user", "list") == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()[-2:]]
    rows = [[word.strip() for word in line if word.strip()] for line in lines]
    assert rows == [["gil", "Gil G.", "guest", "enabled", "never"], ["uma", "uma", "admin", "enabled", "never"]]
    assert trackyard("user", "disable", "gil@example.org") == 0
    assert trackyard("user", "list") == 0
    assert "disabled" in capsys.readouterr().out
    assert trackyard("user", "disable", "gil", "--undo") == 0


def test_failures_are_told_in_one_line(trackyard: Trackyard, capsys: pytest.CaptureFixture[str]) -> None:
    assert trackyard("user", "create", "uma", "--password", typed="short\n") == 1
    assert trackyard("user", "disable", "nobody") == 1
    assert trackyard("user", "create", "uma", "--role", "admin") == 0
    assert trackyard("user", "create", "uma") == 1
    assert trackyard("user", "disable", "uma") == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    assert "password" in told[0]
    assert "no user 'nobody'" in told[1]
    assert "The user name is taken" in told[2]
    assert "The last administrator must stay" in told[3]


async def test_what_was_made_without_a_server_works_with_one(
    trackyard: Trackyard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(trackyard, "user", "create", "uma")
    await asyncio.to_thread(trackyard, "user", "password", "uma", typed=f"{PASSWORD}\n")
    await asyncio.to_thread(trackyard, "user", "credentials", "uma")
    key, secret = re.findall(r"CLEARML_API_\w+_KEY=(\S+)", capsys.readouterr().out)
    async with serving_kernel(tmp_path) as api:
        for name, word in ((key, secret), ("uma", PASSWORD)):
            assert (await ask(api, "users.get_current_user", basic(name, word))).data["user"]["name"] == "uma"


async def test_commands_beside_a_server_call_it(trackyard: Trackyard, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if await asyncio.to_thread(postgresql.environment, tmp_path, ""):
        pytest.skip("beside a server on PostgreSQL the commands work on the database")
    async with serving_kernel(tmp_path) as api:
        port = ["--api-port", str(api.kernel.ports["api"])]
        for words in (
            ["create", "uma"],
            ["list"],
            ["credentials", "uma", "--label", "by command", "--role", "guest", "--days", "9"],
        ):
            assert await asyncio.to_thread(trackyard, "user", *words, *port) == 0
        told = capsys.readouterr().out
        assert re.search(r"^uma +uma +user +enabled +never$", told, re.MULTILINE)
        key, secret = re.findall(r"CLEARML_API_\w+_KEY=(\S+)", told)
        listed = (await api.as_user(key, secret).call("auth.get_credentials"))["credentials"]
        assert [(item["label"], item["role"]) for item in listed] == [("by command", "guest")]
        assert await asyncio.to_thread(trackyard, "user", "password", "uma", *port, typed=f"{PASSWORD}\n") == 0
        assert (await ask(api, "auth.login", basic("uma", PASSWORD))).codes == (200, 0)
        assert await asyncio.to_thread(trackyard, "user", "login-link", "uma", *port, "--web-port", "8123") == 0
        link = re.search(r"http://127.0.0.1:8123/login\?token=(\S+)", capsys.readouterr().out)
        assert link
        for codes in ((200, 0), (401, 30)):
            assert (await ask(api, "auth.login", {"Authorization": f"Bearer {link[1]}"})).codes == codes
        assert await asyncio.to_thread(trackyard, "user", "disable", "uma", *port) == 0
        assert (await ask(api, "auth.login", basic("uma", PASSWORD))).codes == (401, 31)
        assert await asyncio.to_thread(trackyard, "user", "disable", "nobody", *port) == 1
        free = Ports(1)
        try:
            assert await asyncio.to_thread(trackyard, "user", "list", "--api-port", str(free.numbers[0])) == 1
        finally:
            free.close()
        told = capsys.readouterr().err
        assert "Another Trackyard server already uses" in told
        assert "give its --host and --api-port" in told
