"""The oldest SDK that is supported, 1.18, beside a plain run: the same scripts as for the newest one, on a server of its own."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.clients.conftest import SCRIPTS
from tests.needs import side_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RUNS: dict[str, list[tuple[str, ...]]] = {
    "the dataset is right": [("dataset.py",)],
    "the commands are right": [("commands.py",)],
    "the offline session is right": [("offline.py",)],
    "the remote run is right": [("remote.py",), ("remote_worker.py",)],
    "the models are right": [("models.py",)],
    "the calls are right": [("api_client.py",)],
    "the right tasks are found": [("finding.py",)],
    "the pipeline is right": [("pipeline.py",)],
    "the decorated pipeline is right": [("decorated.py", "1")],
    "the searches are right": [("optimizer.py", "grid", "random")],
    "the scheduler is right": [("schedulers.py", "clock"), ("schedulers.py", "trigger")],
}
"""What the last of some scripts says when all is right, and the scripts with their arguments."""


@pytest.fixture
def client(server: ServerProcess, tmp_path: Path) -> Client:
    """A folder with the scripts."""
    return Client(server, tmp_path, SCRIPTS, side_environment("clearml-1.18"))


@pytest.mark.parametrize("said", RUNS, ids=lambda said: said.replace(" ", "-"))
def test_scripts(client: Client, said: str) -> None:
    """Every script ends well, without a warning."""
    outputs = [client.run(*command) for command in RUNS[said]]
    assert said in outputs[-1]
