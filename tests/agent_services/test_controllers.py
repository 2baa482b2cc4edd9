"""A pipeline and a search of the real SDK as service tasks of one agent, with their steps on another, to the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.agent.api import Api
from tests.agent_services.agent_process import AgentProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCRIPTS = Path(__file__).parent / "scripts"
BASE = """
from clearml import Task
task = Task.init()
parameters = {"width": 1}
task.connect(parameters)
width = float(parameters["width"])
task.get_logger().report_scalar("loss", "valid", (width - 3) ** 2, 1)
print("the width was", int(width))
"""
"""The task that is cloned for each step and each trial."""


class Yard:
    """A server with an agent of services and one of steps."""

    def __init__(self, server: ServerProcess, services: AgentProcess, folder: Path) -> None:
        self.api = Api(server)
        self.services = services
        self.client = Client(server, folder / "client", SCRIPTS)
        project = self.api.call("projects.create", name="Controllers")["id"]
        self.base = self.api.task("base", BASE, project=project)

    def until_completed(self, task: str) -> dict[str, Any]:
        """Wait for the end, which must be a success."""
        self.api.until("it ends", lambda: self.api.get(task)["status"] not in ("queued", "in_progress", "stopped"), self.services)
        found = self.api.get(task)
        assert found["status"] == "completed", f"{found['status_message']}\n{self.api.log(task)[-6000:]}"
        return found

    def find(self, **fields: Any) -> list[dict[str, Any]]:
        """Tasks, oldest first."""
        found: list[dict[str, Any]] = self.api.call("tasks.get_all", order_by=["created"], search_hidden=True, **fields)["tasks"]
        return found


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Both agents work; a user has enqueued the pipeline and the search."""
    folder = tmp_path_factory.mktemp("controllers")
    with ServerProcess(folder / "server") as server:
        services = AgentProcess(server, folder / "services", 'runtime = "process"')
        steps = AgentProcess(server, folder / "steps", 'runtime = "process"\nqueues = ["steps"]', "host:steps")
        for agent in (services, steps):
            Path(agent.environment["CLEARML_CONFIG_FILE"]).write_text("sdk { development { report_use_subprocess: false } }\n")
        with services, steps:
            yard = Yard(server, services, folder)
            for run in (yard.client.start("pipeline.py"), yard.client.start("optimizer.py", yard.base)):
                run.finish()
            yield yard


def width_of(task: dict[str, Any]) -> str:
    """The hyperparameter of a clone."""
    return str(task["hyperparams"]["General"]["width"]["value"])


def test_pipeline(yard: Yard) -> None:
    """The controller runs at the services agent; both steps run at the other, the second with the first one's parameter."""
    (controller,) = yard.find(type=["controller"])
    assert yard.until_completed(controller["id"])["last_worker"] == f"host:services:{controller['id']}"
    steps = yard.find(parent=controller["id"])
    assert [(step["name"], step["status"], width_of(step)) for step in steps] == [
        ("first", "completed", "7"),
        ("second", "completed", "7"),
    ]
    assert [step["last_worker"] for step in steps] == [f"host:steps:{step['id']}" for step in steps]
    assert yard.api.log(steps[0]["id"]).count("the width was 7") == 1


def test_search(yard: Yard) -> None:
    """The optimizer runs at the services agent; it finds the best of the trials that ran at the other."""
    (optimizer,) = yard.find(type=["optimizer"])
    yard.until_completed(optimizer["id"])
    trials = yard.find(parent=optimizer["id"])
    assert sorted(width_of(trial) for trial in trials) == ["1", "3"]
    assert {trial["status"] for trial in trials} == {"completed"}
    assert all(trial["last_worker"] == f"host:steps:{trial['id']}" for trial in trials)
    assert "the best width is 3" in yard.api.log(optimizer["id"])
