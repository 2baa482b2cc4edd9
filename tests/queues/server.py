"""A kernel in the test's process, called as an administrator."""

from typing import Any

from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.testing.kernel import ADMIN


class Server:
    """Calls endpoints without sockets."""

    def __init__(self, kernel: Kernel, identity: Identity = ADMIN) -> None:
        self.kernel = kernel
        self.identity = identity

    async def call(self, endpoint: str, /, **fields: Any) -> Any:
        """The data of a call that must succeed."""
        return await self.kernel.call(endpoint, fields, self.identity)

    async def refusal(self, endpoint: str, /, **fields: Any) -> tuple[int, int]:
        """Code and subcode of a call that must fail."""
        try:
            answer = await self.kernel.call(endpoint, fields, self.identity)
        except ApiError as error:
            return error.code, error.subcode
        raise AssertionError(f"{endpoint} succeeded: {answer}")

    async def task(self, name: str = "some task", **fields: Any) -> str:
        """The id of a new task."""
        return str((await self.call("tasks.create", **{"name": name, "type": "training", **fields}))["id"])

    async def queue(self, name: str, **fields: Any) -> str:
        """The id of a new queue."""
        return str((await self.call("queues.create", name=name, **fields))["id"])

    async def filled_queue(self, name: str, count: int) -> tuple[str, list[str]]:
        """A new queue in which new tasks wait; their ids in order."""
        queue = await self.queue(name)
        tasks = [await self.task(f"{name} {index}") for index in range(count)]
        for task in tasks:
            await self.call("tasks.enqueue", task=task, queue=queue)
        return queue, tasks

    async def waiting(self, queue: str) -> list[str]:
        """The ids of the tasks that wait in a queue, in order."""
        entries = (await self.call("queues.get_by_id", queue=queue))["queue"]["entries"]
        return [entry["task"] for entry in entries]

    async def status(self, task: str) -> str:
        """The status of a task."""
        return str((await self.call("tasks.get_by_id", task=task))["task"]["status"])
