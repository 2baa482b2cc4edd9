"""The real agent: a daemon on two queues, a run by id, an abort, the list of workers."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client, Run

from tests.agent.api import Api
from tests.agent.daemon import daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TRAINING = """
from clearml import Task
task = Task.init()
parameters = {"rate": 1}
task.connect(parameters)
print("the rate is", parameters["rate"])
task.get_logger().report_scalar("loss", "train", 0.5, 3)
"""

ENDLESS = """
import time
print("runs until it is stopped", flush=True)
time.sleep(600)
"""


def test_daemon(api: Api, agent: Client) -> None:
    """Tasks of two queues run, the first queue's first; the worker is listed; a task that runs is aborted; one fails."""
    queues = {name: api.call("queues.create", name=name)["id"] for name in ("agent first", "agent second")}
    parameters = {"General": {"rate": {"section": "General", "name": "rate", "value": "7"}}}
    late = api.task("of the second queue", "print('from the second queue')")
    early = api.task("of the first queue", TRAINING, hyperparams=parameters)
    api.call("tasks.enqueue", task=late, queue=queues["agent second"])
    api.call("tasks.enqueue", task=early, queue=queues["agent first"])
    with daemon(agent, *queues) as run:
        check_both_queues(api, run, early, late)
        check_worker(api, agent, run, list(queues.values()))
        check_abort(api, run, queues["agent second"])
        check_failure(api, run, queues["agent second"])
    assert "FATAL" not in run.output
    assert "Error sending log" not in run.output


def check_both_queues(api: Api, run: Run, early: str, late: str) -> None:
    """Both tasks are done, in the order of the queues; their console and their numbers have arrived."""
    api.until("both tasks are done", lambda: {api.get(task)["status"] for task in (early, late)} == {"completed"}, run)
    first, second = api.get(early), api.get(late)
    assert first["started"] < second["started"]
    assert first["last_worker"] == "testhost:0"
    assert first["last_iteration"] == 3
    assert "the rate is 7" in api.log(early)
    assert "from the second queue" in api.log(late)


def check_worker(api: Api, agent: Client, run: Run, queues: list[str]) -> None:
    """The worker listens to its queues, becomes idle, and ``clearml-agent list`` shows it."""
    (worker,) = api.call("workers.get_all")["workers"]
    assert worker["id"] == "testhost:0"
    assert [queue["id"] for queue in worker["queues"]] == queues
    api.until("the worker is idle", lambda: "task" not in api.call("workers.get_all")["workers"][0], run)
    assert "testhost:0" in agent.start("clearml-agent", "list").finish()


def check_abort(api: Api, run: Run, queue: str) -> None:
    """A task that runs at a worker is asked to stop, and the agent stops it."""
    task = api.task("to be stopped", ENDLESS)
    api.call("tasks.enqueue", task=task, queue=queue)
    api.until("the task runs", lambda: "runs until it is stopped" in api.log(task), run)
    assert api.call("tasks.stop", task=task)["fields"]["status_message"] == "stopping"
    api.until("the task is stopped", lambda: api.get(task)["status"] == "stopped", run)


def check_failure(api: Api, run: Run, queue: str) -> None:
    """The end of a task that fails is told with its exit code."""
    task = api.task("broken", "raise SystemExit(3)")
    api.call("tasks.enqueue", task=task, queue=queue)
    api.until("the task fails", lambda: api.get(task)["status"] == "failed", run)
    found = api.get(task)
    assert "exit code 3" in f"{found['status_reason']} {found['status_message']} {api.log(task)}"


def test_execute_in_a_virtual_environment(api: Api, agent: Client) -> None:
    """A task runs by its id in a virtual environment with the system's packages, and leaves no worker behind."""
    task = api.task("by its id", "import sys\nprint('in', sys.prefix, sys.prefix != sys.base_prefix)")
    run = agent.start("clearml-agent", "execute", "--id", task)
    run.finish()
    assert api.get(task)["status"] == "completed"
    venvs = Path(agent.environment["HOME"]) / "venvs"
    assert f"in {venvs}" in api.log(task)
    assert "True" in api.log(task)
    listed = {worker["id"] for worker in api.call("workers.get_all")["workers"]}
    assert not [worker for worker in listed if worker.startswith("testhost:") and worker != "testhost:0"]
