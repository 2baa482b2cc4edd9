"""Valid values for every field: objects are made as they are needed, so that no case depends on another."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from trackyard.core.ids import new_id
from trackyard.core.testing.http import Api

from tests.conformance.protocol import PROTOCOL, Field

ITEM = {"key": "key", "type": "str", "value": "value"}
NOW = int(time.time())

VALUES: dict[str, Any] = {
    "auth.edit_user.role": "user",
    "events.get_task_events.event_type": "log",
    "events.scalar_metrics_iter_raw.metric": {"metric": "loss"},
    "models.add_or_update_metadata.metadata": [ITEM],
    "models.create.metadata": {"key": ITEM},
    "models.edit.metadata": {"key": ITEM},
    "models.delete_metadata.keys": ["key"],
    "organization.prepare_download_for_get_all.only_fields": ["name"],
    "organization.prepare_download_for_get_all.field_mappings": [{"field": "name", "name": "Name"}],
    "pipelines.start_pipeline.args": [{"name": "rate", "value": "1"}],
    "queues.add_or_update_metadata.metadata": [ITEM],
    "queues.delete_metadata.keys": ["key"],
    "serving.container_status_report.reference": [{"type": "model", "value": "some id"}],
    "serving.register_container.reference": [{"type": "model", "value": "some id"}],
    "storage.reset_settings.keys": ["aws"],
    "tasks.add_or_update_artifacts.artifacts": [{"key": "artifact", "type": "dict", "uri": "http://127.0.0.1/a"}],
    "tasks.clone.new_task_input_models": [{"name": "model", "model": "0" * 32}],
    "tasks.delete_artifacts.artifacts": [{"key": "artifact"}],
    "tasks.delete_configuration.configuration": ["main"],
    "tasks.delete_hyper_params.hyperparams": [{"section": "Args", "name": "rate"}],
    "tasks.delete_models.models": [{"name": "model", "type": "output"}],
    "tasks.dequeue.new_status": "created",
    "tasks.dequeue_many.new_status": "created",
    "tasks.edit_configuration.configuration": [{"name": "main", "value": "text"}],
    "tasks.edit_hyper_params.hyperparams": [{"section": "Args", "name": "rate", "value": "1"}],
    "tasks.set_requirements.requirements": {"pip": "numpy"},
    "users.set_preferences.preferences": {"table": {"columns": ["name"]}},
    "workers.get_stats.items": [{"key": "cpu_usage", "aggregation": "avg"}],
}
"""Values of fields that have a structure, by ``service.action.field``."""

BY_NAME: dict[str, Any] = {
    "company": "d1bd92a3b039400cbafc60a7a5b1e52b",
    "created": "2026-01-02T03:04:05+00:00",
    "email": "somebody@example.invalid",
    "expiration_sec": 3600,
    "from_date": NOW - 3600,
    "interval": 60,
    "order_by": ["-id"],
    "only_fields": ["id"],
    "status_changed": [">=2026-01-01T00:00:00"],
    "timestamp": NOW * 1000,
    "to_date": NOW,
    "uri": "http://127.0.0.1/model.bin",
    "_all_": {"fields": ["id"], "pattern": "^x"},
    "_any_": {"fields": ["id"], "pattern": "^x"},
    "hyperparams": {"Args": {"rate": {"section": "Args", "name": "rate", "value": "1"}}},
    "configuration": {"main": {"name": "main", "value": "text"}},
}
"""Values of fields that mean the same everywhere."""

REFERENCES = ("task", "model", "project", "queue")


class World:
    """Makes objects on the server and values that refer to them."""

    def __init__(self, api: Api) -> None:
        """``api`` is the administrator's client."""
        self._api = api
        self._makers: dict[str, Callable[[], Awaitable[str]]] = {
            "task": self._task,
            "model": self._model,
            "project": self._project,
            "queue": self._queue,
            "report": self._report,
            "user": self._user,
        }

    async def body(self, endpoint: str, fields: list[str]) -> dict[str, Any]:
        """A valid value for each of the fields of an endpoint."""
        facts = PROTOCOL.endpoints[endpoint].fields
        return {name: await self.value(endpoint, name, facts[name]) for name in fields}

    async def value(self, endpoint: str, name: str, field: Field) -> Any:
        """A valid value."""
        if f"{endpoint}.{name}" in VALUES:
            return VALUES[f"{endpoint}.{name}"]
        if name == "metrics" and endpoint not in ("events.debug_images", "events.plots"):
            return [{"metric": "loss"}]
        if endpoint == "users.delete":
            return await self._other_user()
        if kind := refers_to(endpoint, name):
            made = await self._makers[kind]()
            return await self._as_item(endpoint, name, made) if field.kind == "list" else made
        if field.choices:
            return [field.choices[0]] if field.kind == "list" else field.choices[0]
        return BY_NAME[name] if name in BY_NAME else plain_value(name, field)

    async def _as_item(self, endpoint: str, name: str, made: str) -> list[Any]:
        of = PROTOCOL.endpoints[endpoint].fields[name].of
        return [{"task": made}] if of == "object" else [made]

    async def _task(self) -> str:
        name = f"task {new_id()}"
        return str((await self._api.call("tasks.create", name=name, type="training"))["id"])

    async def _model(self) -> str:
        uri = f"http://127.0.0.1/{new_id()}"
        return str((await self._api.call("models.create", name=f"model {new_id()}", uri=uri, ready=False))["id"])

    async def _project(self) -> str:
        return str((await self._api.call("projects.create", name=f"project {new_id()}"))["id"])

    async def _queue(self) -> str:
        return str((await self._api.call("queues.create", name=f"queue {new_id()}"))["id"])

    async def _report(self) -> str:
        return str((await self._api.call("reports.create", name=f"report {new_id()}"))["id"])

    async def _other_user(self) -> str:
        body = {"name": f"user {new_id()}", "company": BY_NAME["company"], "email": f"{new_id()}@example.invalid"}
        return str((await self._api.call("auth.create_user", body))["id"])

    async def _user(self) -> str:
        return str((await self._api.call("users.get_current_user"))["user"]["id"])


def refers_to(endpoint: str, name: str) -> str | None:
    """The kind of object whose id a field holds."""
    service, _, action = endpoint.partition(".")
    if endpoint == "users.create" or service in ("serving", "organization"):
        return None
    if name in ("ids", "tasks") and service in ("tasks", "models", "reports", "pipelines", "events"):
        return {"models": "model", "reports": "report"}.get(service, "task")
    if name == "task" and service == "reports":
        return "report"
    if name in ("debug_images", "metrics") and service == "events" and action in ("debug_images", "plots"):
        return "task"
    if name in ("parent", "new_task_parent"):
        return "project" if service == "projects" else "task"
    if name in ("new_task_project", "destination_project"):
        return "project"
    plural = {"queues": "queue", "projects": "project", "models": "model", "users": "user"}
    if name in plural and (service != "tasks" or name == "projects"):
        return plural[name]
    return name if name in (*REFERENCES, "user") else None


def plain_value(name: str, field: Field) -> Any:
    """A value that only has the right type."""
    if field.kind == "list":
        return [{"name": "sample"}] if field.of == "object" else [f"sample {name}"]
    if field.kind in ("integer", "number"):
        return int(field.least or 1)
    return {"text": f"sample {name} {new_id()}", "boolean": False, "object": {}, "date": BY_NAME["created"], "any": {}}[
        field.kind
    ]
