"""The plugin manager: failures are isolated and told, order and needs hold, nothing built in is listed."""

import asyncio
import logging
from pathlib import Path

import pytest
from trackyard.core import plugins as manager_module
from trackyard.core import settings_file
from trackyard.core.errors import ApiError
from trackyard.core.identity import SYSTEM
from trackyard.core.plugins import PluginFailure, State
from trackyard.core.settings import Settings, SettingsError
from trackyard.core.sites.applications import UndeclaredRoute

from tests.kernel.conftest import AsyncOpen, Open, Served
from tests.kernel.plugins_for_tests import MODULE, entry


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "trackyard.core.plugins")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("absent_module", "tests.kernel.no_such_module:X", "import: ModuleNotFoundError"),
        ("absent_class", f"{MODULE}:NoSuchPlugin", "import: AttributeError"),
        ("text", f"{MODULE}:NOT_A_PLUGIN", "import: TypeError"),
        ("misnamed", f"{MODULE}:ProbePlugin", "import: ValueError"),
        ("broken_hook", f"{MODULE}:BrokenHookPlugin", "registration: RuntimeError: no endpoints today"),
        ("wrong_hook", f"{MODULE}:WrongHookPlugin", "registration: PluginValidationError"),
        ("needy", f"{MODULE}:NeedyPlugin", "needs: LookupError: absent"),
    ],
)
def test_a_plugin_that_fails_is_shown_and_the_others_work(make: Open, name: str, value: str, error: str) -> None:
    kernel = make("probe", extra=[entry(name, value)])
    record = kernel.plugins.records[name]
    assert record.state is State.FAILED
    assert record.error.startswith(error)
    assert error.split(": ")[1] in record.trace
    assert kernel.plugins.records["probe"].state is State.REGISTERED
    assert [failed.name for failed in kernel.plugins.failed()] == [name]


async def test_what_a_plugin_registered_is_withdrawn_when_its_start_fails(amake: AsyncOpen) -> None:
    kernel = await amake("probe", "broken_start")
    try:
        await kernel.open()
        assert kernel.plugins.records["broken_start"].error == "start: RuntimeError: can't start"
        assert kernel.endpoints.names()[0].startswith("probe.")
        with pytest.raises(ApiError, match="Unable to find endpoint"):
            await kernel.call("broken.start", {}, SYSTEM)
    finally:
        await kernel.close()


async def test_a_plugin_that_hangs_at_its_start_is_given_up(amake: AsyncOpen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager_module, "START_DEADLINE", 0.05)
    kernel = await amake("probe", "hanging_start")
    try:
        await kernel.open()
        assert kernel.plugins.records["hanging_start"].error.startswith("start: TimeoutError")
        assert kernel.plugins.records["probe"].state is State.STARTED
    finally:
        await kernel.close()
    assert kernel.plugins.records["probe"].state is State.STOPPED


async def test_calls_are_refused_while_a_policy_plugin_is_broken(amake: AsyncOpen) -> None:
    kernel = await amake("probe", "broken_policy")
    try:
        await kernel.open()
        with pytest.raises(ApiError, match="a policy failed"):
            await kernel.call("probe.echo", {"task": "x"}, SYSTEM)
        assert not (await kernel.health())["policies"][0].ok
    finally:
        await kernel.close()


def test_an_essential_plugin_that_fails_stops_the_start(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.kernel.plugins_for_tests import BrokenHookPlugin

    monkeypatch.setattr(BrokenHookPlugin, "essential", True)
    with pytest.raises(PluginFailure, match="broken_hook"):
        make("broken_hook")


def test_a_disabled_plugin_registers_nothing_and_its_table_stays_known(make: Open) -> None:
    kernel = make("probe", "limit", text='[plugins]\ndisabled = ["limit", "probe"]\n[policies.limit]\nlimit = 1\n')
    assert kernel.plugins.records["limit"].state is State.DISABLED
    assert kernel.plugins.provided("endpoints") == []


@pytest.mark.parametrize(
    "text", ['[plugins]\ndisabled = ["stores"]\n', '[plugins]\ndisabled = ["nobody"]\n', '[plugins]\norder = ["nobody"]\n']
)
def test_a_choice_that_is_not_possible_is_told(make: Open, text: str) -> None:
    with pytest.raises(SettingsError, match=r"plugins\.(disabled|order)"):
        make("probe", text=text)


def test_plugins_come_in_the_order_asked_for_and_after_their_needs(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.kernel.plugins_for_tests import ProbePlugin

    monkeypatch.setattr(ProbePlugin, "needs", ("limit",))
    kernel = make("probe", "limit", text='[plugins]\norder = ["probe"]\n')
    assert [record.name for record in kernel.plugins._ordered()] == ["limit", "probe", "stores"]


async def test_the_server_does_not_start_with_a_route_that_declares_no_permission(amake: AsyncOpen, served: Served) -> None:
    kernel = await amake("undeclared")
    with pytest.raises(UndeclaredRoute, match="GET /open-door of plugin undeclared"):
        async with served(kernel):
            pass


async def test_spawned_work_ends_with_the_kernel(amake: AsyncOpen) -> None:
    kernel = await amake("probe")
    await kernel.open()
    task = kernel.spawn(asyncio.Event().wait(), "waits")
    await kernel.close()
    assert task.cancelled()
    assert kernel.metadata.closed  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[plugins]\ndisabled = ["a", "b"]\n'),
        ('[server]\nhost = "x"\n', '[server]\nhost = "x"\n\n[plugins]\ndisabled = ["a", "b"]\n'),
        ('[plugins]\ndisabled = []\norder = ["z"]\n[server]\n', '[plugins]\ndisabled = ["a", "b"]\norder = ["z"]\n[server]\n'),
        ('[plugins]\norder = ["z"]\n', '[plugins]\norder = ["z"]\ndisabled = ["a", "b"]\n'),
    ],
)
def test_disabling_changes_one_line_of_the_file(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "plugins.toml"
    path.write_text(before)
    settings = Settings(path, environ={}, data_dir=tmp_path)
    for name in ("b", "a"):
        settings_file.switch(settings, name, enabled=False)
    assert path.read_text() == after
