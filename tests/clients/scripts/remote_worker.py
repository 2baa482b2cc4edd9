"""What an agent does with the task in the queue: changes a parameter, takes it, runs the script as that task."""

import os
import subprocess
import sys
from pathlib import Path

from clearml import Task
from clearml.backend_api.session.client import APIClient

QUEUE = "remote queue"


def main() -> None:
    """Take the task and run it."""
    client = APIClient()
    task_id = Path("remote.id").read_text()
    task = Task.get_task(task_id=task_id)
    assert task.get_status() == "queued", task.get_status()
    assert "development" not in (task.get_system_tags() or [])
    (queue,) = client.queues.get_all(name=f"^{QUEUE}$")
    assert client.queues.get_next_task(queue=queue.id).entry.task == task_id
    client.tasks.started(task=task_id, status_reason="taken by the test")
    task.reload()
    task.set_parameter("Settings/rate", 0.75)
    environment = {**os.environ, "CLEARML_TASK_ID": task_id, "CLEARML_LOG_TASK_TO_BACKEND": "1"}
    done = subprocess.run([sys.executable, "remote.py"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "remote rate is 0.75" in done.stdout, done.stdout
    client.tasks.completed(task=task_id)
    assert Task.get_task(task_id=task_id).get_last_scalar_metrics()["seen"]["rate"]["last"] == 0.75
    print("the remote run is right")


if __name__ == "__main__":
    main()
