"""What is done with a finished run: clone, enqueue, dequeue, reset, delete; and a run that is continued."""

import json
import sys
from pathlib import Path

import what_is_sent as sent
from clearml import Model, Task
from clearml.backend_api.session.client import APIClient
from described import wait_until_described


def clone_and_enqueue(ids: dict[str, str]) -> Task:
    """A clone has the parameters and none of the results; it goes to a queue and back."""
    queue = f"queue of {ids['task']}"
    clone = Task.clone(source_task=ids["task"], name="a clone", parent=ids["task"])
    assert clone.get_status() == "created"
    assert clone.parent == ids["task"]
    assert clone.get_parameters()["Settings/rate"] == "0.01"
    assert not clone.artifacts
    assert not clone.models["output"]
    assert clone.set_parameter("Settings/rate", 0.5) is None
    assert Task.get_task(task_id=clone.id).get_parameters()["Settings/rate"] == "0.5"
    client = APIClient()
    queue_id = client.queues.create(name=queue).id
    assert Task.enqueue(clone, queue_name=queue)
    assert clone.get_status() == "queued"
    assert [entry.task for entry in client.queues.get_by_id(queue_id).entries] == [clone.id]
    assert Task.dequeue(clone)
    assert clone.get_status() == "created"
    Task.enqueue(clone, queue_id=queue_id)
    assert client.queues.get_next_task(queue=queue_id).entry.task == clone.id
    assert Task.dequeue(clone)
    return clone


def reset_and_delete(ids: dict[str, str], clone: Task) -> None:
    """A reset run keeps its parameters and loses its results; deleted things are gone, with their files."""
    assert clone.delete(raise_on_error=True)
    assert not Task.query_tasks(task_filter={"id": [clone.id]})
    task = Task.get_task(task_id=ids["task"])
    task.reset(force=True)
    assert task.get_status() == "created"
    assert task.get_reported_scalars() == {}
    assert task.get_reported_single_values() == {}
    assert task.get_parameters()["Settings/rate"] == "0.01"
    assert not task.artifacts
    assert Task.get_task(task_id=ids["task"]).delete(raise_on_error=True)
    assert not Task.query_tasks(task_filter={"id": [ids["task"]]})
    assert not Model.query_models(project_name=sent.PROJECT, model_name="classifier", tags=[f"of {ids['task']}"])


def continue_run() -> None:
    """A closed run goes on where it ended."""
    name = f"continued {Path.cwd().name}"
    first = Task.init(sent.PROJECT, name, reuse_last_task_id=False)
    wait_until_described(first)
    for step in range(10):
        first.get_logger().report_scalar("loss", "train", value=step, iteration=step)
    first.close()
    second = Task.init(sent.PROJECT, name, continue_last_task=first.id)
    assert second.id == first.id
    assert second.get_initial_iteration() == 10
    wait_until_described(second)
    for step in range(5):
        second.get_logger().report_scalar("loss", "train", value=100 + step, iteration=step)
    second.close()
    curve = Task.get_task(task_id=first.id).get_reported_scalars()["loss"]["train"]
    assert curve["x"] == list(range(15))
    assert curve["y"] == [*range(10), *range(100, 105)]


def main(result: Path) -> None:
    """All of it."""
    ids = json.loads(result.read_text())
    clone = clone_and_enqueue(ids)
    reset_and_delete(ids, clone)
    continue_run()
    print("every step was taken")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
