"""APIClient: every service, by the classes that the package generates."""

import time

from clearml.backend_api.session.client import APIClient, APIError


def codes_of_unknown_task(client: APIClient) -> tuple[int, int] | None:
    """What is answered for a task that does not exist."""
    try:
        client.tasks.get_by_id(task="0" * 32)
    except APIError as error:
        return tuple(error.codes)
    return None


def main() -> None:
    """At least one call of every service, and an error."""
    client = APIClient()
    project = client.projects.create(name="Real clients/api client", description="made by APIClient").id
    task = client.tasks.create(name="a task of APIClient", type="testing", project=project).id
    model = client.models.create(uri="https://example.invalid/model", name="a model of APIClient", project=project).id
    queue = client.queues.create(name=f"queue {task}").id
    assert [found.id for found in client.tasks.get_all(project=[project], only_fields=["id"])] == [task]
    assert client.tasks.get_by_id(task=task).name == "a task of APIClient"
    assert client.projects.get_by_id(project=project).description == "made by APIClient"
    assert [found.id for found in client.models.get_all(id=[model])] == [model]
    client.tasks.enqueue(task=task, queue=queue)
    assert client.queues.get_num_entries(queue=queue).num == 1
    assert client.queues.peek_task(queue=queue).task == task
    assert client.queues.move_task_to_front(queue=queue, task=task).position == 0
    assert client.tasks.dequeue(task=task).dequeued == 1
    client.workers.register(worker=f"worker {task}:0", queues=[queue], timeout=600)
    client.workers.status_report(worker=f"worker {task}:0", timestamp=int(time.time() * 1000), queues=[queue])
    assert f"worker {task}:0" in [worker.id for worker in client.workers.get_all()]
    client.workers.unregister(worker=f"worker {task}:0")
    assert client.events.get_task_log(task=task).events == []
    assert codes_of_unknown_task(client) == (400, 101)
    client.queues.delete(queue=queue)
    client.models.delete(model=model, force=True)
    assert client.tasks.delete(task=task, force=True).deleted
    client.projects.delete(project=project, force=True)
    print("the calls are right")


if __name__ == "__main__":
    main()
