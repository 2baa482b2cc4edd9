"""Clients that work with datasets."""

import pytest
from trackyard.core.testing.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_versions_of_a_dataset(client: Client) -> None:
    """Create, child version, squash, list, get, delete."""
    assert "the dataset is right" in client.run("dataset.py")


def test_command_clearml_data(client: Client) -> None:
    """Every verb there is; what is left is found from the command line, too."""
    assert "the commands are right" in client.run("commands.py")
    assert "all goods" in client.run("clearml-data", "search", "--project", "Real clients/all commands")
