"""Clients that work with datasets."""

import pytest
from trackyard.core.testing.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_versions_of_a_dataset(client: Client) -> None:
    """Create, child version, squash, list, get, delete."""
    assert "the dataset is right" in client.run("dataset.py")


def test_command_clearml_data(client: Client) -> None:
    """Create, add, close, list, get, delete from the command line."""
    client.run("clearml-data", "create", "--project", "Real clients/commands", "--name", "command data")
    client.run("clearml-data", "add", "--files", "trained.py")
    client.run("clearml-data", "close")
    made = client.run("after_commands.py", "data").strip().splitlines()[-1].removeprefix("id=")
    assert made in client.run("clearml-data", "search", "--project", "Real clients/commands")
    assert "trained.py" in client.run("clearml-data", "list", "--id", made)
    client.run("clearml-data", "delete", "--id", made)
    assert made not in client.run("clearml-data", "search", "--project", "Real clients/commands")
