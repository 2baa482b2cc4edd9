"""The agent as a daemon."""

from collections.abc import Iterator
from contextlib import contextmanager

from trackyard.core.testing.clients import Client, Run

DAEMON = {"CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL": "1", "CLEARML_AGENT_QUEUE_POLL_FREQ_SEC": "1"}
"""Tasks run with the agent's own interpreter; queues are asked every second."""


@contextmanager
def daemon(agent: Client, *queues: str) -> Iterator[Run]:
    """A daemon that listens to queues in that order; it is ended with everything it started."""
    agent.environment |= DAEMON
    run = agent.start("clearml-agent", "daemon", "--foreground", "--queue", *queues)
    try:
        yield run
    finally:
        run.kill()
