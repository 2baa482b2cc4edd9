"""Clients that work with tasks and models."""

import pytest
from trackyard.core.testing.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_offline_session_is_imported(client: Client) -> None:
    """Scalars, single values, parameters, text and artifacts of a run without a server."""
    assert "the offline session is right" in client.run("offline.py")


def test_execute_remotely(client: Client) -> None:
    """The script enqueues itself and ends; run as that task it sees what was changed on the server."""
    client.run("remote.py")
    assert "the remote run is right" in client.run("remote_worker.py")


def test_registry_of_models(client: Client) -> None:
    """Queries by name, tags and metadata; publish, archive, remove, import."""
    assert "the models are right" in client.run("models.py")


def test_api_client(client: Client) -> None:
    """The generated classes understand the answers."""
    assert "the calls are right" in client.run("api_client.py")


def test_command_clearml_task(client: Client) -> None:
    """A local script becomes a task in a queue."""
    options = [
        "--project",
        "Real clients/commands",
        "--name",
        "command task",
        "--queue",
        "command queue",
        "--packages",
        "clearml",
    ]
    client.run("after_commands.py", "queue")
    client.start("clearml-task", *options, "--script", "trained.py", "--args", "rate=0.5", "--skip-task-init").finish()
    assert "the task waits" in client.run("after_commands.py", "task")


def test_tasks_are_found(client: Client) -> None:
    """By project, name, tags, state, text, date and order."""
    assert "the right tasks are found" in client.run("finding.py")
