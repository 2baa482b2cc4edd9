"""The oldest SDK that is supported, 1.18: the same as with the newest one."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.needs import side_environment
from tests.sdk.conftest import SCRIPTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_everything(server: ServerProcess, tmp_path: Path) -> None:
    """No step warns or retries, and what is read is what was sent."""
    client = Client(server, tmp_path, SCRIPTS, side_environment("clearml-1.18"), forks=True)
    client.run("training.py", "--result", "ids.json", "--batch", "16", "--name", "somebody", "--fast")
    assert "everything is equal" in client.run("reading.py", "ids.json")
    assert "every step was taken" in client.run("life_cycle.py", "ids.json")
