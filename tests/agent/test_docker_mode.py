"""The real agent in Docker mode and in services mode, against a Docker Engine that the test starts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client, Run

from tests.agent.api import Api
from tests.agent.conftest import CONFIGURATION
from tests.engine import IMAGE, Engine, running_engine
from tests.needs import missing, side_environment

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.timeout(900)]

IN_CONTAINERS = """
agent {
    extra_docker_arguments: ["--network", "host", "-v", "%(packages)s:%(packages)s:ro",
        "-e", "PIP_NO_INDEX=1", "-e", "CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL=1"]
    extra_docker_shell_script: ["export LOCAL_PYTHON=%(packages)s/bin/python"]
    docker_force_pull: false
    docker_use_activated_venv: false
    cpu_only: true
}
"""
WORKS = """
import pathlib
print("in a container:", pathlib.Path("/.dockerenv").exists())
"""
SERVES = """
import time
print("serves", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine for both tests."""
    if shutil.which("docker") is None:
        missing("the command docker (docker.io or docker-cli)")
    with running_engine() as engine:
        yield engine


@pytest.fixture
def docker_agent(agent: Client, engine: Engine) -> Client:
    """The agent; its containers see the packages of its environment and install nothing."""
    home = Path(agent.environment["HOME"])
    packages = side_environment("clearml-agent").parent.parent.resolve()
    (home / "clearml.conf").write_text(CONFIGURATION % {"home": home} + IN_CONTAINERS % {"packages": packages})
    agent.environment |= {"DOCKER_HOST": engine.host, "CLEARML_AGENT_QUEUE_POLL_FREQ_SEC": "1"}
    return agent


def start(agent: Client, queue: str, *mode: str) -> Run:
    """A daemon that runs the tasks of a queue in containers."""
    return agent.start("clearml-agent", "daemon", "--foreground", "--cpu-only", "--docker", IMAGE, "--queue", queue, *mode)


def enqueue(api: Api, queue: str, name: str, code: str, kind: str) -> str:
    """A task in the queue."""
    task = api.task(name, code, type=kind)
    api.call("tasks.enqueue", task=task, queue_name=queue)
    return task


def test_docker_mode(api: Api, docker_agent: Client) -> None:
    """A task runs in a container; its console and its end arrive."""
    task = enqueue(api, "in docker", "in a container", WORKS, "training")
    run = start(docker_agent, "in docker")
    try:
        api.until("it ends", lambda: api.get(task)["status"] in ("completed", "failed"), run)
        assert api.get(task)["status"] == "completed", api.log(task)
        assert "in a container: True" in api.log(task)
    finally:
        run.kill()


def test_services_mode(api: Api, docker_agent: Client) -> None:
    """Two services run at once, each a worker of its own; one is aborted, the other goes on."""
    tasks = [enqueue(api, "services", f"service {number}", SERVES, "service") for number in range(2)]
    run = start(docker_agent, "services", "--services-mode")
    try:
        api.until("both serve", lambda: all("serves" in api.log(task) for task in tasks), run)
        workers = {worker["id"] for worker in api.call("workers.get_all")["workers"]}
        assert {api.get(task)["last_worker"] for task in tasks} <= workers
        api.call("tasks.stop", task=tasks[0])
        api.until("it is stopped", lambda: api.get(tasks[0])["status"] == "stopped", run)
        assert api.get(tasks[1])["status"] == "in_progress"
    finally:
        run.kill()
