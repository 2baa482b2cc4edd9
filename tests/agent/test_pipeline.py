"""A pipeline whose steps the real agent runs."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.agent.api import Api
from tests.agent.daemon import daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

QUEUE = "steps of pipelines"
TEMPLATE = """
from clearml import Task
task = Task.init()
parameters = {"rate": 1}
task.connect(parameters)
task.get_logger().report_scalar("loss", "train", float(parameters["rate"]), 1)
"""


def test_steps_run_at_an_agent(api: Api, server: ServerProcess, agent: Client, tmp_path: Path) -> None:
    """A task and a function; the second time the result of the task is taken from the first run."""
    api.call("queues.create", name=QUEUE)
    template = api.task("template of a step", TEMPLATE)
    controller = Client(server, tmp_path / "controller", Path(__file__).parent / "scripts")
    with daemon(agent, QUEUE) as run:
        said = controller.start("controller.py", template).finish()
    assert "the pipeline by an agent is right" in said
    assert "FATAL" not in run.output
