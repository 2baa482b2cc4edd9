"""The oldest SDK that is supported, 1.18, beside a plain run: the scripts of the newest one, on a server of its own.

Scripts mostly wait, so those of a family run at the same time, each in a folder of its own.
"""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.clients.conftest import SCRIPTS
from tests.needs import side_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

FAMILIES: dict[str, dict[str, str]] = {
    "data": {"dataset.py": "the dataset is right", "commands.py": "the commands are right"},
    "tasks": {
        "finding.py": "the right tasks are found",
        "offline.py": "the offline session is right",
        "models.py": "the models are right",
        "api_client.py": "the calls are right",
    },
    "automation": {
        "pipeline.py": "the pipeline is right",
        "optimizer.py grid random": "the searches are right",
        "schedulers.py trigger": "the scheduler is right",
    },
    "more automation": {"decorated.py 1": "the decorated pipeline is right", "schedulers.py clock": "the scheduler is right"},
}
"""Scripts with their arguments, and what each says when all is right."""


def client(server: ServerProcess, folder: Path) -> Client:
    """A folder with the scripts."""
    return Client(server, folder, SCRIPTS, side_environment("clearml-1.18"))


@pytest.mark.parametrize("family", FAMILIES)
def test_scripts(server: ServerProcess, tmp_path: Path, family: str) -> None:
    """Every script ends well, without a warning."""
    runs = {}
    for number, command in enumerate(FAMILIES[family]):
        runs[command] = client(server, tmp_path / str(number)).start(*command.split())
    try:
        for command, said in FAMILIES[family].items():
            assert said in Client.result(runs[command]), command
            del runs[command]
    finally:
        for run in runs.values():
            run.kill()


def test_execute_remotely(server: ServerProcess, tmp_path: Path) -> None:
    """The script enqueues itself and ends; run as that task it sees what was changed on the server."""
    folder = client(server, tmp_path / "remote")
    folder.run("remote.py")
    assert "the remote run is right" in folder.run("remote_worker.py")
