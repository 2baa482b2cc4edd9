"""Makes what the commands need, and looks at what they made."""

import sys

from clearml import Task
from clearml.backend_api.session.client import APIClient


def queue() -> None:
    """The queue that ``clearml-task`` names."""
    print(APIClient().queues.create(name="command queue").id)


def task() -> None:
    """The task of ``clearml-task`` waits in the queue, with its arguments and its script."""
    found = Task.get_task(project_name="Real clients/commands", task_name="command task")
    assert found.get_status() == "queued"
    assert found.get_parameters()["Args/rate"] == "0.5"
    assert found.data.script.entry_point.endswith("trained.py") or "never run here" in (found.data.script.diff or "")
    print("the task waits")


if __name__ == "__main__":
    {"queue": queue, "task": task}[sys.argv[1]]()
