"""The real agent in virtual-environment mode: from a clone in the queue to its end; build; stop."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client

from tests.agent.api import Api
from tests.needs import side_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TRAINING = """
import sys
from clearml import Task
task = Task.init()
parameters = {"rate": 1}
task.connect(parameters)
print("the rate is", parameters["rate"], "in", sys.prefix)
task.get_logger().report_scalar("loss", "train", float(parameters["rate"]) / 2, 3)
"""


def see_packages(agent: Client) -> None:
    """Let tasks find the SDK without a network: environments are made by the agent's interpreter and see its packages."""
    python = side_environment("clearml-agent")
    (packages,) = python.parent.parent.glob("lib/python3*/site-packages")
    agent.environment["CLEARML_AGENT_EXTRA_PYTHON_PATH"] = str(packages)
    with Path(agent.environment["CLEARML_CONFIG_FILE"]).open("a") as file:
        file.write(f'agent.python_binary: "{python}"\n')


def test_a_cloned_and_edited_task_runs_and_the_daemon_is_stopped(api: Api, agent: Client) -> None:
    """Changed hyperparameters reach the script in an environment of its own; ``--stop`` ends the daemon."""
    see_packages(agent)
    agent.environment["CLEARML_AGENT_QUEUE_POLL_FREQ_SEC"] = "1"
    base = api.task("base", TRAINING)
    clone = api.call("tasks.clone", task=base, new_task_name="edited")["id"]
    rate = {"section": "General", "name": "rate", "value": "8"}
    api.call("tasks.edit_hyper_params", task=clone, hyperparams=[rate])
    api.call("tasks.enqueue", task=clone, queue_name="environments")
    run = agent.start("clearml-agent", "daemon", "--foreground", "--queue", "environments")
    try:
        api.until("it ends", lambda: api.get(clone)["status"] in ("completed", "failed"), run)
        assert api.get(clone)["status"] == "completed", api.log(clone)
        assert f"the rate is 8 in {agent.environment['HOME']}/venvs" in api.log(clone)
        (metric,) = [variant for metric in api.get(clone)["last_metrics"].values() for variant in metric.values()]
        assert (metric["metric"], metric["value"]) == ("loss", 4.0)
        agent.start("clearml-agent", "daemon", "--queue", "environments", "--stop").finish()
        api.until("the worker is gone", lambda: api.call("workers.get_all")["workers"] == [], run)
    finally:
        run.kill()
    assert api.get(base)["status"] == "created"


def test_build(api: Api, agent: Client, tmp_path: Path) -> None:
    """An environment is built from a task's requirements, ready to run the task."""
    task = api.task("to be built", TRAINING)
    target = tmp_path / "built"
    agent.start("clearml-agent", "build", "--id", task, "--target", str(target)).finish()
    assert (target / "bin" / "python").exists()
    assert api.get(task)["status"] == "created"
