"""Who may register an application and where; start on demand; the end of idle ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from trackyard.core import clock
from trackyard.core.store.services import read_values
from trackyard.core.testing.http import Api
from trackyard.plugins.applications import ApplicationsPlugin, book

from tests.applications.conftest import Host, running_task
from tests.applications.upstream import SECRET, upstream
from tests.identity.conftest import as_new_user

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_only_the_owner_and_the_worker_register(api: Api) -> None:
    """Another user may not, until it is that user's agent that runs the task."""
    _, other = await as_new_user(api, "Yusuf")
    async with upstream() as app:
        task = await running_task(api)
        assert (await app.register(other, task)).codes == (403, 20)
        await other.call("workers.register", worker="host:services", queues=[])
        await api.call("workers.status_report", worker=f"host:services:{task}", task=task, timestamp=1)
        assert (await app.register(other, task)).codes == (200, 0)
        assert (await api.ask("applications.register", {"task": task, "port": app.port, "secret": SECRET}, anonymous=True)).codes[
            0
        ] == 401


async def test_only_a_port_that_is_the_callers(host: Host) -> None:
    """The server asks for a proof, so that it is not led to other programs; ports of the system are refused at once."""
    host.app.proves = False
    refused = await host.app.register(host.api, host.task)
    assert (refused.codes, "does not prove" in refused.meta["result_msg"]) == ((400, 12), True)
    own = int(host.api.urls["api"].rpartition(":")[2])
    for port, told in ((own, "does not prove"), (22, "port")):
        answer = await host.api.ask("applications.register", {"task": host.task, "port": port, "secret": SECRET})
        assert (answer.codes, told in answer.meta["result_msg"]) == ((400, 12), True)
    assert (await host.api.ask("applications.register", {"task": host.task, "port": own, "secret": "short"})).codes == (400, 12)


async def test_only_while_the_task_runs(api: Api) -> None:
    async with upstream() as app:
        task = (await api.call("tasks.create", name="a draft", type="application"))["id"]
        assert (await app.register(api, task)).codes == (400, 110)


async def test_a_task_is_started_on_demand(host: Host) -> None:
    """Asking alone starts nothing; starting puts the task into its queue, and its next run has no address yet."""
    api, task = host.api, host.task
    await api.call("tasks.stopped", task=task)
    assert (await api.call("applications.open", task=task))["state"] == "stopped"
    assert await api.call("applications.open", task=task, start=True) == {"state": "starting", "status": "queued"}
    assert (await api.call("tasks.get_by_id", task=task))["task"]["status"] == "queued"
    await api.call("tasks.started", task=task)
    assert (await api.call("applications.open", task=task))["state"] == "starting"
    assert (await host.app.register(api, task)).codes == (200, 0)
    assert (await api.call("applications.open", task=task))["state"] == "running"
    listed = (await api.call("applications.get_all"))["applications"]
    assert [item["running"] for item in listed if item["task"] == task] == [True]


async def test_what_is_no_application_is_not_started(api: Api) -> None:
    task = (await api.call("tasks.create", name="a training", type="training"))["id"]
    assert (await api.ask("applications.open", {"task": task, "start": True})).codes == (400, 101)
    assert (await api.call("tasks.get_by_id", task=task))["task"]["status"] == "created"


async def test_idle_applications_are_stopped(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open WebSocket and a request put the end off; half an hour after the last one the task is stopped."""
    plugin = host.api.kernel.plugins.records["applications"].plugin
    assert isinstance(plugin, ApplicationsPlugin)
    start = clock.now()

    async def after(minutes: float) -> str:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=minutes))
        await plugin.stop_idle(host.api.kernel)
        return str((await host.api.call("tasks.get_by_id", task=host.task))["task"]["status"])

    base = await host.opened()
    assert await after(29) == "in_progress"
    async with host.api.session.ws_connect(base + "/echo") as socket:
        await socket.receive_json()
        assert await after(40) == "in_progress"
        assert await after(80) == "in_progress"
    async with host.api.session.get(base + "/") as answer:
        assert answer.status == 203
    assert await after(105) == "in_progress"
    assert await after(140) == "stopped"
    assert (await host.api.call("applications.open", task=host.task))["state"] == "stopped"


async def test_what_is_kept_of_deleted_tasks_goes(host: Host) -> None:
    kernel = host.api.kernel
    await host.api.call("tasks.delete", task=host.task, force=True)
    await kernel.metadata.write(book.forget_deleted)
    assert host.task not in await kernel.metadata.read(lambda session: read_values(session, book.SCOPE))


async def test_the_page_leads_to_the_application(host: Host) -> None:
    """Logged in: to the application, or to its start; not logged in: to the login. A link on another site starts nothing."""
    web, session = host.api.urls["web"], host.api.session
    token = (await host.api.call("auth.login"))["token"]
    own = {"Cookie": f"clearml_token_basic={token}", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
    async with session.get(web + host.prefix, allow_redirects=False) as answer:
        assert (answer.status, "/login" in answer.headers["Location"]) == (302, True)
    async with session.get(web + host.prefix, headers=own) as answer:
        assert answer.status == 203
    await host.api.call("tasks.stopped", task=host.task)
    foreign = {**own, "Sec-Fetch-Site": "cross-site"}
    for path, headers, status in (("", foreign, 409), ("?wait=1", own, 409), ("", own, 202), ("?wait=1", own, 202)):
        async with session.get(web + host.prefix + path, headers=headers) as answer:
            assert (answer.status, "Refresh" in answer.headers) == (status, status == 202)
