"""A plugin that fails is shown as failed with its step and its error, and the rest of the server works."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from trackyard.core.plugin import Plugin
from trackyard.core.plugins import State
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import running_kernel, serving_kernel

from tests.plugins import broken

FAILING: list[tuple[type[Plugin] | EntryPoint, str]] = [
    (EntryPoint("fails_at_import", "tests.plugins.raises_at_import:Anything", "trackyard"), "import: RuntimeError"),
    (EntryPoint("not_there", "tests.plugins.no_such_module:Anything", "trackyard"), "import: ModuleNotFoundError"),
    (EntryPoint("not_a_plugin", "tests.plugins.broken:Fault", "trackyard"), "import: TypeError"),
    (broken.FailsAtConfiguration, "configuration: Fault: no configuration"),
    (broken.FailsAtRegistration, "registration: Fault: no registration"),
    (broken.MisspellsAHook, "registration: PluginValidationError"),
    (broken.FailsAtStart, "start: Fault: no start"),
]


async def server_works(api: Api) -> None:
    """The API creates and finds things, and the web answers."""
    task = (await api.call("tasks.create", name="still works", type="training"))["id"]
    assert (await api.call("tasks.get_by_id", task=task))["task"]["name"] == "still works"
    async with api.session.get(f"{api.urls['web']}/login") as response:
        assert response.status == 200


@pytest.mark.parametrize(("plugin", "error"), FAILING, ids=lambda value: getattr(value, "name", None))
async def test_failure_is_shown_and_the_rest_works(plugin: type[Plugin] | EntryPoint, error: str, tmp_path: Path) -> None:
    """The record has state, step and error; the server is ready all the same."""
    async with serving_kernel(tmp_path, plugins=[plugin]) as api:
        record = api.kernel.plugins.records[plugin.name]
        assert record.state is State.FAILED
        assert record.error.startswith(error)
        assert [other.name for other in api.kernel.plugins.failed()] == [plugin.name]
        await server_works(api)
        async with api.session.get(f"{api.urls['api']}/readyz") as response:
            assert response.status == 200


async def test_all_failures_at_once(tmp_path: Path) -> None:
    """Failures do not meet."""
    async with serving_kernel(tmp_path, plugins=[plugin for plugin, _ in FAILING]) as api:
        assert {record.name for record in api.kernel.plugins.failed()} == {plugin.name for plugin, _ in FAILING}
        await server_works(api)


async def test_what_a_failed_plugin_registered_is_withdrawn(tmp_path: Path) -> None:
    """The endpoint of a plugin whose start failed is unknown."""
    async with serving_kernel(tmp_path, plugins=[broken.FailsAtStart]) as api:
        assert (await api.ask("withdrawn.answer")).codes == (404, 0)


async def test_plugin_that_needs_a_failed_one_fails(tmp_path: Path) -> None:
    """The reason names what it needs."""
    async with running_kernel(tmp_path, plugins=[broken.FailsAtRegistration, broken.NeedsAFailure]) as kernel:
        assert kernel.plugins.records["needs_a_failure"].error.startswith("needs: LookupError: fails_at_registration")


async def test_handler_that_raises_hurts_only_its_call(tmp_path: Path) -> None:
    """The answer is 500/0 in the envelope without the exception's text; other endpoints of the plugin go on."""
    async with serving_kernel(tmp_path, plugins=[broken.FailsInHandler]) as api:
        answer = await api.ask("faulty.fail")
        assert (answer.status, answer.codes, answer.data) == (500, (500, 0), {})
        assert "secret" not in str(answer.meta)
        assert (await api.call("faulty.answer"))["from"] == "faulty.answer"
        await server_works(api)


async def test_failure_at_the_end_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    """The others are stopped, and the record tells."""
    async with running_kernel(tmp_path, plugins=[broken.FailsAtStop]) as kernel:
        assert kernel.plugins.records["fails_at_stop"].state is State.STARTED
    assert kernel.plugins.records["fails_at_stop"].error == "stop: Fault: no stop"
    states = {record.state for record in kernel.plugins.records.values() if record.name != "fails_at_stop"}
    assert states <= {State.STOPPED, State.DISABLED}


async def test_plugin_of_a_name_that_is_taken_is_no_way_in(tmp_path: Path) -> None:
    """A second plugin of one name does not silently replace ours: it is shown as failed beside it."""
    async with serving_kernel(tmp_path, plugins=[EntryPoint("tasks", "tests.plugins.broken:FailsAtStop", "trackyard")]) as api:
        records = api.kernel.plugins.records
        assert records["tasks"].state is State.STARTED
        second = records["tasks (tests.plugins.broken:FailsAtStop)"]
        assert second.error == "import: ValueError: a plugin of trackyard has the name tasks"
        await server_works(api)
