"""``server.*``, ``debug.ping`` and the health of the stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.settings import shown_value
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

VERSION = version("trackyard")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A server on an empty folder."""
    async with serving_kernel(
        tmp_path, "[access]\nlimits = {}\n", environ={"TRACKYARD__IDENTITY__TOKEN_KEY": "q" * 40}
    ) as running:
        yield running


async def test_everybody_may_ask_for_the_version(api: Api) -> None:
    info = await api.ask("server.info", anonymous=True)
    assert info.data.keys() == {"version", "build", "commit", "api_version", "uid"}
    assert (info.data["version"], info.data["build"], info.data["api_version"]) == ("2.0.0", VERSION, "2.31")
    assert len(info.data["uid"]) == 32
    assert (await api.ask("v2.1/server.info", anonymous=True)).data.keys() == {"version", "build", "commit"}
    assert (await api.ask("debug.ping", {"a": 1}, anonymous=True)).data == {"msg": "pong"}


async def test_the_identifier_stays(tmp_path: Path) -> None:
    uids = set()
    for _ in range(2):
        async with serving_kernel(tmp_path) as api:
            uids.add((await api.call("server.info"))["uid"])
    assert len(uids) == 1


async def test_settings_are_told_without_secrets(api: Api) -> None:
    config = await api.call("server.config")
    assert config["identity"]["token_key"] == "(hidden)"
    assert config["server"]["host"] == "127.0.0.1"
    assert "q" * 40 not in str(config)
    assert await api.call("server.config", path="server.host") == {"host": "127.0.0.1"}
    assert (await api.call("server.config", path="server"))["drain_seconds"] == 10.0
    assert (await api.ask("server.config", {"path": "server.none"})).codes == (400, 16)
    assert (await api.ask("server.config", {"path": "server.host.x"})).codes == (400, 16)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("mail.password", "secret", "(hidden)"),
        ("aws.access_key", "secret", "(hidden)"),
        ("aws.access_key", "", ""),
        ("identity.token_days", 30.0, 30.0),
        ("mail.password", {"env": "MAIL"}, {"env": "MAIL"}),
        ("storage.metadata", "postgresql://me:secret@host/db", "postgresql://me:(hidden)@host/db"),
        ("storage.metadata", "postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("hooks.urls", ["https://u:secret@host"], ["https://u:(hidden)@host"]),
        ("clouds", {"a": {"secret": "secret", "region": "eu"}}, {"a": {"secret": "(hidden)", "region": "eu"}}),
    ],
)
def test_what_is_shown_of_a_setting(key: str, value: Any, shown: Any) -> None:
    assert shown_value(key, value) == shown


async def test_all_endpoints_are_listed(api: Api) -> None:
    listed = (await api.call("server.endpoints"))["endpoints"]
    assert {item["name"] for item in listed} == set(api.kernel.endpoints.names())
    info = [item for item in listed if item["name"] == "server.info"]
    assert [(item["min_version"], item["access"]) for item in info] == [("1.0", "public"), ("2.8", "public"), ("2.12", "public")]


async def test_counts_of_what_is_stored(api: Api) -> None:
    stats = await api.call("server.get_stats", interval=10)
    assert stats["counts"]["users"] == 1
    assert stats["counts"].keys() >= {"tasks", "models", "projects", "queues", "workers"}
    assert stats["version"] == VERSION


async def test_nothing_is_reported_to_others(api: Api) -> None:
    for body in ({}, {"enabled": True}):
        answer = await api.call("server.report_stats_option", body)
        assert answer == {"supported": False, "enabled": False, "current_version": VERSION}


async def readiness(api: Api) -> tuple[int, dict[str, Any]]:
    """Status and parts of ``/readyz``, as a user is told."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
    async with api.session.get(f"{api.urls['api']}/readyz", headers=headers) as response:
        return response.status, (await response.json())["parts"]


async def test_a_store_that_fails_makes_the_server_not_ready(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    status, parts = await readiness(api)
    assert status == 200
    assert {name: parts[name]["ok"] for name in ("metadata", "events", "files")} == dict.fromkeys(
        ("metadata", "events", "files"), True
    )

    async def fail() -> None:
        raise StoreUnavailable("can't reach db.internal as trackyard")

    monkeypatch.setattr(api.kernel.metadata, "check", fail)
    status, parts = await readiness(api)
    assert status == 503
    assert parts["metadata"] == {"ok": False, "detail": "does not answer; the server's log says why"}
    assert parts["files"]["ok"]
