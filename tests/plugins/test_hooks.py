"""Every hook: what a plugin registers takes effect in the running server."""

import asyncio
from importlib.metadata import entry_points
from pathlib import Path

import aiohttp
import pytest
from trackyard.core import plugins
from trackyard.core.cli.main import main
from trackyard.core.testing.kernel import ADMIN, plugin_entry, running_kernel, serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from trackyard.plugins.tasks.deletions import remove_deleted

from tests.plugins import samples

STORAGE = '[storage]\nmetadata = "sample:"\nevents = "sample:"\nfiles = "sample:"\n'


async def test_hook_endpoints(tmp_path: Path) -> None:
    """An endpoint answers over HTTP, with its type checked."""
    async with serving_kernel(tmp_path, plugins=[samples.EndpointSample]) as api:
        assert (await api.call("samples.greet", name="you"))["greeting"] == "hello you"
        assert (await api.ask("samples.greet", {"name": 5})).codes == (400, 12)


async def test_hook_metadata_backends(tmp_path: Path) -> None:
    """The scheme of the setting chooses the backend of documents."""
    samples.METADATA.opened.clear()
    async with running_kernel(tmp_path, STORAGE, [samples.BackendSample]) as kernel:
        project = await kernel.call("projects.create", {"name": "in the sample"}, ADMIN)
        assert (await kernel.call("projects.get_by_id", {"project": project["id"]}, ADMIN))["project"]["name"] == "in the sample"
    assert samples.METADATA.opened == ["sample:"]


async def test_hook_event_backends(tmp_path: Path) -> None:
    """The scheme of the setting chooses the backend of events."""
    samples.EVENTS.opened.clear()
    async with running_kernel(tmp_path, STORAGE, [samples.BackendSample]) as kernel:
        await kernel.events.ready()
    assert samples.EVENTS.opened == ["sample:"]


async def test_hook_file_backends(tmp_path: Path) -> None:
    """The scheme of the setting chooses the backend of files."""
    samples.FILES.opened.clear()
    async with running_kernel(tmp_path, STORAGE, [samples.BackendSample]) as kernel:
        await kernel.files.ready()
    assert samples.FILES.opened == ["sample:"]


async def test_hook_authenticators(tmp_path: Path) -> None:
    """A scheme of the ``Authorization`` header is understood, and refuses whom it does not know."""
    async with serving_kernel(tmp_path, plugins=[samples.EndpointSample, samples.LoginSample]) as api:
        answer = await api.ask("samples.greet", {"name": "x"}, {"Authorization": "Sample mara"}, anonymous=True)
        assert answer.data["asked_by"] == "mara"
        answer = await api.ask("samples.greet", {"name": "x"}, {"Authorization": "Sample nobody"}, anonymous=True)
        assert answer.codes == (401, 22)


async def test_hook_login_methods(tmp_path: Path) -> None:
    """The login page offers the way."""
    async with (
        serving_kernel(tmp_path, plugins=[samples.LoginSample]) as api,
        api.session.get(f"{api.urls['web']}/login") as response,
    ):
        assert response.status == 200
        assert "Log in by saying your name" in await response.text()


async def test_hook_policies(tmp_path: Path) -> None:
    """A policy refuses a call, from outside and from inside."""
    async with serving_kernel(tmp_path, plugins=[samples.EndpointSample, samples.PolicySample]) as api:
        assert (await api.ask("samples.greet", {"name": "villain"})).codes == (403, 20)
        assert (await api.ask("samples.greet", {"name": "hero"})).codes == (200, 0)


async def test_hook_routes(tmp_path: Path) -> None:
    """A plain route answers."""
    async with (
        serving_kernel(tmp_path, plugins=[samples.WebSample]) as api,
        api.session.get(f"{api.urls['web']}/sample/friend") as response,
    ):
        assert await response.text() == "plain answer to friend"


async def test_hook_panels(tmp_path: Path) -> None:
    """A page is shown to who is logged in; others are sent to the login page."""
    async with serving_kernel(tmp_path, plugins=[samples.WebSample]) as api:
        token = (await api.call("auth.login"))["token"]
        page = f"{api.urls['web']}/sample-page"
        async with api.session.get(page, headers={"Authorization": f"Bearer {token}"}) as response:
            assert "A page for" in await response.text()
        async with api.session.get(page, allow_redirects=False) as response:
            assert response.status in (302, 303)
            assert "/login" in response.headers["Location"]


async def test_hook_task_listeners(tmp_path: Path) -> None:
    """A listener hears of changes of status and may refuse to enqueue."""
    async with serving_kernel(tmp_path, plugins=[samples.ListeningSample]) as api:
        task = (await api.call("tasks.create", name="listened to", type="training"))["id"]
        samples.REFUSED.add(task)
        assert (await api.ask("tasks.enqueue", {"task": task, "queue_name": "some queue"})).codes == (400, 100)
        assert (await api.call("tasks.get_by_id", task=task))["task"]["status"] == "created"
        samples.REFUSED.clear()
        await api.call("tasks.enqueue", task=task, queue_name="some queue")
        assert (task, "queued") in samples.LISTENER.heard


async def test_hook_schedulers(tmp_path: Path) -> None:
    """A scheduler decides which of the waiting tasks is given out."""
    async with serving_kernel(tmp_path, plugins=[samples.SchedulerSample]) as api:
        tasks = [(await api.call("tasks.create", name=f"task {number}", type="training"))["id"] for number in range(3)]
        for task in tasks:
            queue = (await api.call("tasks.enqueue", task=task, queue_name="some queue"))["fields"]["execution.queue"]
        given = [(await api.call("queues.get_next_task", queue=queue))["entry"]["task"] for _ in tasks]
        assert given == tasks[::-1]
        assert await api.call("queues.get_next_task", queue=queue) == {}


async def test_hook_event_observers(tmp_path: Path) -> None:
    """An observer hears of every stored batch."""
    samples.OBSERVER.counted.clear()
    async with serving_kernel(tmp_path, plugins=[samples.ListeningSample]) as api:
        task = (await api.call("tasks.create", name="observed", type="training"))["id"]
        point = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "value": 1.5}
        answer = await api.batch("events.add_batch", [{**point, "iter": step} for step in range(3)])
        assert answer.data["added"] == 3
    assert samples.OBSERVER.counted == [(3, 3)]


async def test_hook_file_removers(tmp_path: Path) -> None:
    """The file of a deleted task is removed by who knows the scheme of its URL, if it lies in a folder of the task."""
    async with running_kernel(tmp_path, plugins=[samples.RemoverSample]) as kernel:
        task = (await kernel.call("tasks.create", {"name": "a task", "type": "training"}, ADMIN))["id"]
        urls = [f"sample://place/a task.{task}/a", "sample://place/other/a"]
        artifacts = [{"key": url[-3:], "type": "dict", "uri": url} for url in urls]
        await kernel.call("tasks.add_or_update_artifacts", {"task": task, "artifacts": artifacts}, ADMIN)
        await kernel.call("tasks.delete", {"task": task}, ADMIN)
        await remove_deleted(kernel)
        plugin = kernel.plugins.records["remover_sample"].plugin
        assert isinstance(plugin, samples.RemoverSample)
        assert plugin.removed == urls[:1]


async def test_hook_jobs(tmp_path: Path) -> None:
    """Recurring work runs more than once."""
    async with running_kernel(tmp_path, plugins=[samples.JobSample]) as kernel, asyncio.timeout(120):
        for _ in range(2):
            assert await samples.JobSample.runs.get() == str(kernel.data_dir)


def test_hook_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A command of a plugin is one of ``trackyard``."""
    entries = [*entry_points(group="trackyard"), plugin_entry(samples.CommandSample)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries)
    assert main(["sample", "say", "hello", "--data-dir", str(tmp_path / "here")]) == 0
    assert capsys.readouterr().out == "sample says hello in here\n"


def test_hook_task_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A runtime of a plugin is one of those that an agent can choose."""
    entries = [*entry_points(group="trackyard"), plugin_entry(samples.RuntimeSample)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries)
    for variable in ("CLEARML_API_HOST", "CLEARML_API_ACCESS_KEY", "CLEARML_API_SECRET_KEY"):
        monkeypatch.setenv(variable, "x")
    monkeypatch.setenv("TRACKYARD__AGENT_SERVICES__RUNTIME", "no-such-runtime")
    assert main(["agent", "--data-dir", str(tmp_path)]) == 2
    assert "expected one of docker, idle, kubernetes, process" in capsys.readouterr().err


async def test_hook_health_checks(tmp_path: Path) -> None:
    """A critical check that fails makes the server not ready, and tells users why."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
    async with (
        serving_kernel(tmp_path, plugins=[samples.HealthSample]) as api,
        api.session.get(f"{api.urls['api']}/readyz", headers=headers) as response,
    ):
        assert response.status == 503
        assert (await response.json())["parts"]["sample"] == {"ok": False, "detail": "the sample is not well"}


async def test_hook_metrics(tmp_path: Path) -> None:
    """A collector's numbers are among the metrics."""
    async with serving_kernel(tmp_path, plugins=[samples.HealthSample]) as api:
        token = (await api.call("auth.login"))["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with api.session.get(f"{api.urls['api']}/metrics", headers=headers) as response:
            assert "sample_gauge 42.0" in await response.text()
