"""A server in a process of its own, and the real agent from an environment of its own."""

from __future__ import annotations

import base64
import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.testing.clients import Client, Run
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from tests.needs import side_environment

DEADLINE = 240.0
"""Seconds to wait for what the agent does; it polls every five seconds and starts processes."""

CONFIGURATION = """
agent {
    worker_name: "testhost"
    venvs_dir: "%(home)s/venvs"
    vcs_cache.enabled: false
    venvs_cache.path: ""
    pip_download_cache.enabled: false
    package_manager { system_site_packages: true, pip_version: "" }
    enable_git_ask_pass: false
}
sdk { storage.cache.default_base_dir: "%(home)s/cache" }
"""


class Api:
    """Calls of the server's API."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = server.api
        self._authorization = "Basic " + base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()

    def call(self, endpoint: str, /, **fields: Any) -> Any:
        """The data of a call that must succeed."""
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        request = urllib.request.Request(f"{self._url}/{endpoint}", json.dumps(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def task(self, name: str, code: str, **more: Any) -> str:
        """A new task that runs ``code``, a script without a repository."""
        script = {"binary": "python3", "entry_point": "script.py", "diff": code, "requirements": {"pip": ""}, "repository": ""}
        return str(self.call("tasks.create", name=name, type="training", script=script, **more)["id"])

    def get(self, task: str) -> dict[str, Any]:
        """A task."""
        found: dict[str, Any] = self.call("tasks.get_by_id", task=task)["task"]
        return found

    def log(self, task: str) -> str:
        """The console of a task, oldest line first."""
        events = self.call("events.get_task_log", task=task, order="asc", navigate_earlier=False)["events"]
        return "\n".join(event["msg"] for event in events)

    def until(self, what: str, condition: Callable[[], bool], run: Run) -> None:
        """Wait until something holds; tells what the agent wrote when it never does."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"{what}: not after {DEADLINE:.0f} s; the agent wrote:\n{run.output[-8000:]}"
            time.sleep(0.3)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for the tests of one file; it must not have logged an unexpected error when they are done."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as running:
        yield running
        assert "Traceback" not in running.log, running.log[-12000:]


@pytest.fixture(scope="module")
def api(server: ServerProcess) -> Api:
    """The administrator's calls."""
    return Api(server)


@pytest.fixture
def agent(server: ServerProcess, tmp_path: Path) -> Client:
    """The agent with a home of its own; it installs nothing from the network."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    client = Client(server, tmp_path / "agent", scripts, side_environment("clearml-agent"))
    shutil.rmtree(scripts)
    home = Path(client.environment["HOME"])
    (home / "clearml.conf").write_text(CONFIGURATION % {"home": home})
    client.environment |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    return client
