"""Clients that automate: pipelines, searches, schedulers."""

import pytest
from trackyard.core.testing.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_pipeline_of_functions(client: Client) -> None:
    """Values go from step to step, and a cached step is not run again."""
    assert "the pipeline is right" in client.run("pipeline.py")


@pytest.mark.parametrize("strategy", ["grid", "optuna"])
def test_search_of_hyperparameters(client: Client, strategy: str) -> None:
    """Runs are cloned, enqueued, watched and compared; the best is found."""
    assert "the search is right" in client.run("optimizer.py", strategy)


@pytest.mark.parametrize("kind", ["clock", "trigger"])
def test_scheduler(client: Client, kind: str) -> None:
    """A task is enqueued by the clock; a function is called by an event."""
    assert "the scheduler is right" in client.run("schedulers.py", kind)
