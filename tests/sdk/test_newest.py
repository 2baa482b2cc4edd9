"""The newest SDK: a run with everything in it, read back by a second process, and what is done with runs."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.sdk.conftest import SCRIPTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_everything(server: ServerProcess, tmp_path: Path) -> None:
    """No step warns or retries, and what is read is what was sent."""
    client = Client(server, tmp_path, SCRIPTS, forks=True)
    client.run("training.py", "--result", "ids.json", "--batch", "16", "--name", "somebody", "--fast")
    assert "everything is equal" in client.run("reading.py", "ids.json")
    assert "every step was taken" in client.run("life_cycle.py", "ids.json")
