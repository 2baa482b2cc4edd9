"""What tests of tasks do all the time: make tasks, put them into a status, call endpoints, read back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from trackyard.core import clock, store
from trackyard.core.entities import MODEL, PROJECT, TASK
from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.testing.kernel import ADMIN

Document = dict[str, Any]


class Board:
    """A kernel's tasks, as one user sees them."""

    def __init__(self, kernel: Kernel, identity: Identity = ADMIN) -> None:
        """Calls are made inside the process as ``identity``."""
        self.kernel = kernel
        self.identity = identity

    async def call(self, endpoint: str, **body: Any) -> Document:
        """The data of a call of ``tasks.<endpoint>``, or of any other service when the name has a dot."""
        name = endpoint if "." in endpoint else f"tasks.{endpoint}"
        answer: Document = await self.kernel.call(name, body, self.identity)
        return answer

    async def refused(self, endpoint: str, **body: Any) -> tuple[int, int]:
        """Code and subcode of a call that must fail."""
        return (await self.refusal(endpoint, **body))[:2]

    async def refusal(self, endpoint: str, **body: Any) -> tuple[int, int, str]:
        """Code, subcode and message of a call that must fail."""
        with pytest.raises(ApiError) as caught:
            await self.call(endpoint, **body)
        return caught.value.code, caught.value.subcode, caught.value.message

    async def make(self, status: str = "created", **fields: Any) -> str:
        """The id of a new task in that status; ``fields`` are of ``tasks.create``."""
        task: str = (await self.call("create", **{"name": "some task", "type": "training", **fields}))["id"]
        if status != "created":
            await self.write(task, status=status)
        return task

    async def write(self, task: str, **fields: Any) -> None:
        """Write fields of a task past the life cycle."""
        await self.kernel.metadata.write(lambda session: store.update(session, TASK, task, fields, tells=False))

    async def age(self, task: str, seconds: float) -> None:
        """Make the last sign of life of a task older."""
        await self.write(task, last_update=clock.now() - timedelta(seconds=seconds))

    async def read(self, task: str) -> Document:
        """The whole task."""
        found: Document = (await self.call("get_by_id", task=task))["task"]
        return found

    async def status(self, task: str) -> str:
        """The status of the task."""
        return str((await self.read(task))["status"])

    async def make_model(self, **fields: Any) -> str:
        """The id of a new model of the caller's company."""
        document = {"name": "some model", "company": self.identity.company, "ready": False, **fields}
        return await self.kernel.metadata.write(lambda session: store.insert(session, MODEL, document))

    async def read_model(self, model: str) -> Document | None:
        """The whole model, or None."""
        return await self.kernel.metadata.read(lambda session: store.get(session, MODEL, model))

    async def make_project(self, name: str) -> str:
        """The id of the project of that name."""
        return await self.kernel.metadata.write(lambda session: store.ensure_project(session, self.identity, name))

    async def read_project(self, project: str) -> Document:
        """The whole project."""
        return await self.kernel.metadata.read(lambda session: store.require(session, PROJECT, project))

    async def waiting(self, queue: str) -> list[str]:
        """The tasks that wait in a queue, in order."""
        found = await self.call("queues.get_by_id", queue=queue)
        return [entry["task"] for entry in found["queue"]["entries"]]

    async def make_queue(self, name: str) -> str:
        """The id of a new queue."""
        return str((await self.call("queues.create", name=name))["id"])
