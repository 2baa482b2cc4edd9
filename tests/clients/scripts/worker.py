"""A worker in a thread: takes tasks of a queue and runs a function as each of them, as an agent would."""

import threading
from collections.abc import Callable
from contextlib import contextmanager

from clearml import Task
from clearml.backend_api.session.client import APIClient


@contextmanager
def working(queue: str, work: Callable[[Task], None]):  # noqa: ANN201
    """Run every task that comes into ``queue`` while the block lasts."""
    ended = threading.Event()
    thread = threading.Thread(target=_serve, args=(queue, work, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _serve(queue: str, work: Callable[[Task], None], ended: threading.Event) -> None:
    client = APIClient()
    queue_id = client.queues.get_all(name=f"^{queue}$")[0].id
    while not ended.is_set():
        entry = getattr(client.queues.get_next_task(queue=queue_id), "entry", None)
        if entry is None:
            ended.wait(0.2)
            continue
        client.tasks.started(task=entry.task, status_reason="taken by the worker")
        task = Task.get_task(task_id=entry.task)
        work(task)
        client.tasks.completed(task=entry.task)
