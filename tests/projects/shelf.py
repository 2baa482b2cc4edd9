"""A server whose projects, tasks, models and reports tests make and read."""

from typing import Any

from trackyard.core import store
from trackyard.core.entities import MODEL, TASK

from tests.queues.server import Server

Document = dict[str, Any]


class Shelf(Server):
    """Calls endpoints without sockets, and makes what tests need."""

    async def project(self, name: str, **fields: Any) -> str:
        """The id of a new project."""
        return str((await self.call("projects.create", name=name, **fields))["id"])

    async def model(self, name: str = "some model", **fields: Any) -> str:
        """The id of a new draft of a model."""
        body = {"name": name, "uri": "http://files.test/a/model.bin", "ready": False, **fields}
        return str((await self.call("models.create", **body))["id"])

    async def report(self, name: str = "some report", **fields: Any) -> str:
        """The id of a new report."""
        return str((await self.call("reports.create", name=name, **fields))["id"])

    async def write(self, task: str, **fields: Any) -> None:
        """Write fields of a task past its life cycle."""
        await self.kernel.metadata.write(lambda session: store.update(session, TASK, task, fields, tells=False))

    async def write_model(self, model: str, **fields: Any) -> None:
        """Write fields of a model as events do."""
        await self.kernel.metadata.write(lambda session: store.update(session, MODEL, model, fields, tells=False))

    async def read_project(self, project: str) -> Document:
        """The whole project."""
        found: Document = (await self.call("projects.get_by_id", project=project))["project"]
        return found

    async def read_model(self, model: str) -> Document:
        """The whole model."""
        found: Document = (await self.call("models.get_by_id", model=model))["model"]
        return found

    async def read_task(self, task: str) -> Document:
        """The whole task."""
        found: Document = (await self.call("tasks.get_by_id", task=task))["task"]
        return found
