"""S26, S28: files that only the owner reads, and errors that tell strangers nothing."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from trackyard.agent_services import beside
from trackyard.agent_services.docker_runtime import DockerRuntime
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.extension import HealthCheck
from trackyard.core.kernel import Kernel
from trackyard.core.runtimes import RuntimeLimits, TaskLaunch
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ADMIN_PASSWORD

ENGINE_CAPABILITIES = {
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
}
"""What an engine gives to containers unless it is told otherwise."""

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_only_the_owner_reads_what_is_stored(api: Api) -> None:
    data = api.kernel.data_dir
    hidden = [path for path in data.iterdir() if path.is_file()]
    expected = {"events.db", "token.key", "storage.key"} | ({"metadata.db"} if api.kernel.metadata.dialect == "sqlite" else set())
    assert expected <= {path.name for path in hidden}
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in hidden if path.stat().st_mode & 0o077} == {}
    assert (data / "files").stat().st_mode & 0o077 == 0


async def test_health_tells_strangers_no_more_than_how_it_is(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(kernel: Kernel) -> Any:
        raise OSError(f"can't read {Path('/srv/secret')} of postgresql://root:pw@db")

    provided = api.kernel.plugins.provided
    more = [HealthCheck("leaky", check)]
    monkeypatch.setattr(api.kernel.plugins, "provided", lambda hook: provided(hook) + (more if hook == "health_checks" else []))
    async with api.session.get(f"{api.urls['api']}/readyz") as response:
        told = await response.json()
    assert told["parts"]["leaky"] == {"ok": False, "detail": ""}
    assert {part["detail"] for part in told["parts"].values()} == {""}


async def test_a_task_of_the_services_queue_gets_no_administrator(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    new = {"password": "a new password", "current_password": ADMIN_PASSWORD}

    async def run_once(kernel: Kernel, credentials: dict[str, Any]) -> None:
        made.append(credentials)
        agent = api.as_user(credentials["access_key"], credentials["secret_key"])
        made.append((await agent.call("users.get_current_user"))["user"])
        made.append((await agent.ask("auth.create_user", {})).meta)
        made.append((await agent.ask("auth.set_password", new)).meta)
        raise RuntimeError("enough")

    monkeypatch.setattr(beside, "_run_once", run_once)
    with pytest.raises(RuntimeError, match="enough"):
        await beside.run_beside(api.kernel)
    _, user, refused, kept = made
    assert user["role"] == "user"
    assert refused["result_code"] == kept["result_code"] == 403


async def test_a_container_gets_no_more_rights() -> None:
    """S12, S13: whatever a task asks for."""
    asked: dict[str, Any] = {}
    containers = SimpleNamespace(
        create=lambda *_, **options: asked.update(options), get=lambda _: SimpleNamespace(status="running")
    )
    runtime = DockerRuntime(AgentSettings())
    runtime._client = SimpleNamespace(containers=containers, images=SimpleNamespace(get=lambda _: None))  # type: ignore[assignment]
    launch = TaskLaunch("t", "n", "image", ["--env", "A=b"], {})
    await runtime.launch(launch, RuntimeLimits())
    assert asked["security_opt"] == ["no-new-privileges"]
    assert asked["pids_limit"] > 0
    assert asked["cap_drop"] == ["ALL"]
    assert set(asked["cap_add"]) < ENGINE_CAPABILITIES
    assert not {"privileged", "volumes", "network_mode", "pid_mode", "devices"} & asked.keys()
