"""A server in a process of its own, and the real agent from an environment of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.agent.api import Api
from tests.needs import side_environment

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
    # agents of one machine know each other by files in the folder for temporary ones
    (temporary := tmp_path / "temporary").mkdir()
    client.environment |= {"TMPDIR": str(temporary)}
    client.environment |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    return client
