"""Schedulers: a task that is enqueued at once by the clock, and a function that is called when a task completes."""

import os
import sys
import threading
import time

from clearml import Task
from clearml.automation import TaskScheduler, TriggerScheduler
from clearml.backend_api.session.client import APIClient

PROJECT, QUEUE = "Real clients/schedulers", "schedulers queue"
DEADLINE = 240


def wait_until(condition: object, what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.2)


def by_clock() -> None:
    """The scheduled task is cloned and the clone enqueued."""
    client = APIClient()
    queue = client.queues.create(name=QUEUE).id
    template = Task.create(project_name=PROJECT, task_name="scheduled task", task_type="data_processing")
    scheduler = TaskScheduler(0.05, force_create_task_name="scheduler by the clock", force_create_task_project=PROJECT)
    assert scheduler.add_task(name="job", schedule_task_id=template.id, queue=QUEUE, minute=30, execute_immediately=True)
    threading.Thread(target=scheduler.start, daemon=True).start()
    wait_until(lambda: client.queues.get_num_entries(queue=queue).num == 1, "the enqueue")
    entry = client.queues.get_next_task(queue=queue).entry
    assert Task.get_task(task_id=entry.task).parent == template.id


def complete(project: str) -> str:
    """A new task that is complete."""
    client = APIClient()
    task = Task.create(project_name=project, task_name="watched task", task_type="testing").id
    client.tasks.started(task=task)
    client.tasks.completed(task=task)
    return str(task)


def by_trigger() -> None:
    """The function is called with the id of the task that completed."""
    called: list[str] = []
    scheduler = TriggerScheduler(
        pooling_frequency_minutes=0.02, force_create_task_name="scheduler by triggers", force_create_task_project=PROJECT
    )
    scheduler.add_task_trigger(
        name="completed", schedule_function=called.append, trigger_project=PROJECT, trigger_on_status=["completed"]
    )
    threading.Thread(target=scheduler.start, daemon=True).start()
    completed: set[str] = set()

    def complete_another() -> bool:
        """The scheduler only sees what happens after its first look, of which it does not tell."""
        completed.add(complete(PROJECT))
        return bool(completed.intersection(called))

    wait_until(complete_another, "the call")


if __name__ == "__main__":
    {"clock": by_clock, "trigger": by_trigger}[sys.argv[1]]()
    print("the scheduler is right", flush=True)
    os._exit(0)
