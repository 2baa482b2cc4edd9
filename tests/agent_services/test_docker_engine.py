"""The services agent against a real Docker Engine: many at once, and everything killed once."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.testing.server import ServerProcess

from tests.agent.api import Api
from tests.agent_services.agent_process import NAME, AgentProcess
from tests.engine import IMAGE, Engine, enforces_memory, running_engine

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.timeout(600)]

MANY = 20
SETTINGS = """
runtime = "docker"
image = "{image}"
pull = "never"
network = "host"
max_tasks = 40
memory = "{memory}"
allowed_arguments = ["--env", "--volume", "--user"]
"""
SERVICE = """
import os, pathlib, sys, time
print("works", flush=True)
order = pathlib.Path("/orders") / os.environ["CLEARML_TASK_ID"]
while not order.exists():
    time.sleep(0.2)
if order.read_text() == "memory":
    taken = b"x" * 2**30
print("ends", flush=True)
sys.exit(int(order.read_text()))
"""
"""Works until a file of its name tells it with which code to end, or to take too much memory."""


class Yard:
    """The parts, and what the tests do with them."""

    def __init__(self, engine: Engine, server: ServerProcess, folder: Path) -> None:
        self.engine = engine
        self.api = Api(server)
        self.orders = folder / "orders"
        self.orders.mkdir()
        self.limited = enforces_memory(engine)
        settings = SETTINGS.format(image=IMAGE, memory="96m" if self.limited else "")
        self.agent = AgentProcess(server, folder / "agent", settings, DOCKER_HOST=engine.host)

    def service(self, name: str, arguments: str = "", image: str = "") -> str:
        """A task in the queue."""
        container = {"image": image, "arguments": f"--volume {self.orders}:/orders:ro {arguments}"}
        task = self.api.task(name, SERVICE, type="service", container=container)
        self.api.call("tasks.enqueue", task=task, queue_name="services")
        return task

    def order(self, task: str, what: str) -> None:
        """Tell a task how to end."""
        path = self.orders / f"{task}.new"
        path.write_text(what)
        path.replace(self.orders / task)

    def statuses(self, tasks: list[str]) -> dict[str, str]:
        """The status of each task."""
        found = self.api.call("tasks.get_all", id=tasks, only_fields=["id", "status"])["tasks"]
        return {task["id"]: task["status"] for task in found}

    def kill_container(self, task: str) -> None:
        """End a container from outside."""
        with self.engine.client() as client:
            client.api.kill(f"trackyard-{task}")

    def containers(self) -> dict[str, Any]:
        """The containers of the engine by their task."""
        with self.engine.client() as client:
            found = client.containers.list(all=True, ignore_removed=True)
            return {container.labels["trackyard.task"]: container for container in found}

    def until(self, what: str, condition: Any) -> None:
        """Wait for a condition."""
        self.api.until(what, condition, self.agent)

    def until_ended(self, task: str, status: str) -> dict[str, Any]:
        """Wait for the end of a task, which must be of that status; its container is then removed."""
        self.until(f"{task} ends", lambda: self.api.get(task)["status"] not in ("queued", "in_progress"))
        found = self.api.get(task)
        assert found["status"] == status, found["status_message"]
        self.until(f"the container of {task} is removed", lambda: task not in self.containers())
        return found


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """An engine, a server and an agent that works."""
    folder = tmp_path_factory.mktemp("docker")
    with running_engine() as engine, ServerProcess(folder / "server") as server:
        yard = Yard(engine, server, folder)
        with yard.agent:
            yield yard


def test_many_services_live_through_everything(yard: Yard) -> None:
    """Twenty at once; one is aborted; agent, engine and one container are killed; every end and every log is right."""
    tasks = [yard.service(f"service {number}") for number in range(MANY)]
    yard.until("all work", lambda: all(yard.api.log(task) == "works" for task in tasks))
    check_nodes(yard, tasks)
    aborted, good, bad, killed, *rest = tasks
    check_abort(yard, aborted)
    check_restart_of_the_agent(yard, good, bad, rest)
    check_restart_of_the_engine(yard, rest)
    yard.kill_container(killed)
    assert yard.until_ended(killed, "failed")["status_message"] == "Task killed (exit code 137)"
    for task in rest:
        yard.order(task, "0")
    for task in rest:
        yard.until_ended(task, "completed")
    assert {yard.api.log(task) for task in rest} == {"works\nends"}
    assert yard.containers() == {}
    workers = {worker["id"] for worker in yard.api.call("workers.get_all")["workers"]}
    assert workers == {NAME}


def check_nodes(yard: Yard, tasks: list[str]) -> None:
    """Each task has a container and a worker of its own, and the rights of a container are few."""
    assert set(yard.statuses(tasks).values()) == {"in_progress"}
    containers = yard.containers()
    assert containers.keys() == set(tasks)
    assert {container.status for container in containers.values()} == {"running"}
    confined = containers[tasks[0]].attrs["HostConfig"]
    assert confined["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in confined["SecurityOpt"]
    nodes = {NAME} | {f"{NAME}:{task}" for task in tasks}

    def seen() -> bool:
        return nodes == {worker["id"] for worker in yard.api.call("workers.get_all")["workers"]}

    yard.until("every node is a worker", seen)


def check_abort(yard: Yard, task: str) -> None:
    """A stop by the API ends the container."""
    yard.api.call("tasks.stop", task=task)
    assert yard.until_ended(task, "stopped")["status_message"].startswith("Stopped by the user")


def check_restart_of_the_agent(yard: Yard, good: str, bad: str, rest: list[str]) -> None:
    """What ended while the agent was away is told; what runs is adopted, not started again."""
    before = {task: yard.containers()[task].id for task in rest}
    yard.agent.kill()
    yard.order(good, "0")
    yard.order(bad, "3")
    yard.until("both have ended", lambda: {yard.containers()[task].status for task in (good, bad)} == {"exited"})
    yard.agent.start()
    yard.until_ended(good, "completed")
    assert yard.until_ended(bad, "failed")["status_message"] == "Task failed (exit code 3)"
    assert yard.api.log(good) == yard.api.log(bad) == "works\nends"
    assert {task: yard.containers()[task].id for task in rest} == before


def check_restart_of_the_engine(yard: Yard, rest: list[str]) -> None:
    """Containers outlive an engine that is killed; a task that is enqueued meanwhile starts afterwards."""
    before = {task: yard.containers()[task].id for task in rest}
    yard.engine.kill()
    late = yard.service("service late")
    yard.until("the agent misses the engine", lambda: "can't be reached" in yard.agent.output)
    assert set(yard.statuses(rest).values()) == {"in_progress"}
    yard.engine.start()
    yard.until("the late one works", lambda: yard.api.log(late) == "works")
    assert {task: yard.containers()[task].id for task in rest} == before
    yard.order(late, "0")
    yard.until_ended(late, "completed")


def test_too_much_memory_is_told(yard: Yard) -> None:
    """A task that takes more memory than its limit fails with that reason."""
    if not yard.limited:
        pytest.skip("the engine can't limit memory here")
    task = yard.service("service that takes too much")
    yard.order(task, "memory")
    assert yard.until_ended(task, "failed")["status_message"] == "Task out of memory (exit code 137)"
    assert yard.api.log(task) == "works"


def test_what_the_engine_refuses_fails_with_its_words(yard: Yard) -> None:
    """A user that is not in the image, an image without Python, an argument that is not allowed: told, not tried for ever."""
    with yard.engine.client() as client:
        client.api.import_image_from_data(tree_without_python(), "trackyard-tests", "empty")
    user = yard.service("service of nobody", arguments="--user nosuchuser")
    empty = yard.service("service without Python", image="trackyard-tests:empty")
    refused = yard.service("service with rights", arguments="--privileged")
    assert "nosuchuser" in yard.until_ended(user, "failed")["status_message"]
    yard.until_ended(empty, "failed")
    assert "--privileged is not allowed" in yard.until_ended(refused, "failed")["status_message"]


def tree_without_python() -> bytes:
    """A tar file with one empty file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    return file.getvalue()
