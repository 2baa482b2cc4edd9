"""Clients that automate: pipelines, searches, schedulers."""

import pytest
from trackyard.core.testing.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_pipeline_of_functions(client: Client) -> None:
    """Values go from step to step, and a cached step is not run again."""
    assert "the pipeline is right" in client.run("pipeline.py")


def test_search_of_hyperparameters(client: Client) -> None:
    """Runs are cloned, enqueued, watched and compared; the best is found."""
    assert "the searches are right" in client.run("optimizer.py", "grid", "random", "optuna")


@pytest.mark.parametrize("kind", ["clock", "trigger"])
def test_scheduler(client: Client, kind: str) -> None:
    """A task is enqueued by the clock; a function is called by an event."""
    assert "the scheduler is right" in client.run("schedulers.py", kind)


def test_pipeline_of_decorators(client: Client) -> None:
    """Components run in processes of their own; the second time one of them is cached."""
    for times in ("1", "2"):
        assert "the decorated pipeline is right" in client.run("decorated.py", times)
