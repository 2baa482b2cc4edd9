"""A server that is killed in the middle of a run."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.sdk.conftest import SCRIPTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_killed_server_loses_nothing_and_the_run_finishes(server: ServerProcess, tmp_path: Path) -> None:
    """What was acknowledged is there after SIGKILL and a new start; the script goes on by itself and ends well."""
    client = Client(server, tmp_path, SCRIPTS, forks=True)
    run = client.start("interrupted.py", "ids.json")
    run.wait_for(tmp_path / "ids.json")
    server.kill()
    server.start()
    assert "nothing is lost" in client.run("interrupted_reading.py", "ids.json", "half")
    run.finish()
    assert "nothing is lost" in client.run("interrupted_reading.py", "ids.json", "all")
