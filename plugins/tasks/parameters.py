"""Hyperparameters and configuration objects, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session
from trackyard.core import lifecycle, store
from trackyard.core.entities import TASK
from trackyard.core.errors import invalid_id
from trackyard.core.lifecycle import Unit, owned_task
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.tasks.documents import given, items, parameter
from trackyard.plugins.tasks.editing import require_status, require_text, written
from trackyard.plugins.tasks.requests import (
    ConfigurationNamesRequest,
    ConfigurationsRequest,
    DeleteConfigurationRequest,
    DeleteParametersRequest,
    EditConfigurationRequest,
    EditParametersRequest,
    TasksRequest,
)

PROPERTIES = "properties"
"""The section that may be changed in any status: it describes a task and does not make it."""


def read_tasks(session: Session, ids: Sequence[str], company: str, field: str) -> list[Document]:
    """Id and one field of tasks in the order of ``ids``; raises 400/101 for the first unknown one."""
    wanted = list(dict.fromkeys(ids))
    known = store.existing(session, TASK, wanted, company=company)
    for task in wanted:
        if task not in known:
            raise invalid_id("task", task, company=company)
    return [store.require(session, TASK, task, fields=("id", field)) for task in wanted]


async def get_hyper_params(call: Call, request: TasksRequest) -> Document:
    """The hyperparameters of tasks as lists of items."""
    tasks = await call.metadata.read(lambda session: read_tasks(session, request.tasks, call.identity.company, "hyperparams"))
    return {"params": [{"task": task["id"], "hyperparams": _items(task["hyperparams"])} for task in tasks]}


def _items(hyperparams: Document) -> list[Document]:
    return [section[name] for _, section in sorted(hyperparams.items()) for name in sorted(section)]


async def edit_hyper_params(call: Call, request: EditParametersRequest) -> Document:
    """Set hyperparameters; in a running task with force, in the section ``properties`` always."""

    def work(unit: Unit) -> Document:
        sections = {require_text(item.section, "hyperparams.section") for item in request.hyperparams}
        replace = request.replace_hyperparams or "none"
        task = _changeable(unit, request.task, sections | ({""} if replace == "all" else set()), force=request.force)
        kept = {} if replace == "all" else task["hyperparams"]
        found = {name: {} if replace == "section" and name in sections else dict(old) for name, old in kept.items()}
        for item in items(call.body["hyperparams"]):
            named = parameter(item)
            found.setdefault(named["section"], {})[require_text(named.get("name"), "hyperparams.name")] = named
        return {"updated": written(unit, task, {"hyperparams": found}, tells=sections != {PROPERTIES})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


async def delete_hyper_params(call: Call, request: DeleteParametersRequest) -> Document:
    """Forget hyperparameters, or whole sections."""

    def work(unit: Unit) -> Document:
        sections = {require_text(key.section, "hyperparams.section") for key in request.hyperparams}
        task = _changeable(unit, request.task, sections, force=request.force)
        found = {section: dict(old) for section, old in task["hyperparams"].items()}
        for key in request.hyperparams:
            if key.name is None:
                found.pop(key.section or "", None)
            else:
                found.get(key.section or "", {}).pop(key.name, None)
        left = {section: kept for section, kept in found.items() if kept}
        if left == task["hyperparams"]:
            return {"deleted": 0}
        return {"deleted": written(unit, task, {"hyperparams": left}, tells=sections != {PROPERTIES})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


def _changeable(unit: Unit, task_id: str, sections: set[str], *, force: bool) -> Document:
    task = owned_task(unit, task_id, ("hyperparams",))
    if sections != {PROPERTIES}:
        require_status(task, "hyperparams", ("created",), forced=("in_progress",), force=force)
    return task


async def get_configurations(call: Call, request: ConfigurationsRequest) -> Document:
    """Configuration objects of tasks, all or those of some names."""
    tasks = await call.metadata.read(lambda session: read_tasks(session, request.tasks, call.identity.company, "configuration"))
    names = request.names or []

    def chosen(configuration: Document) -> list[Document]:
        return [configuration[name] for name in sorted(configuration) if not names or name in names]

    return {"configurations": [{"task": task["id"], "configuration": chosen(task["configuration"])} for task in tasks]}


async def get_configuration_names(call: Call, request: ConfigurationNamesRequest) -> Document:
    """Names of the configuration objects of tasks."""
    tasks = await call.metadata.read(lambda session: read_tasks(session, request.tasks, call.identity.company, "configuration"))

    def chosen(configuration: Document) -> list[str]:
        return sorted(name for name, item in configuration.items() if item.get("value") or not request.skip_empty)

    return {"configurations": [{"task": task["id"], "names": chosen(task["configuration"])} for task in tasks]}


async def edit_configuration(call: Call, request: EditConfigurationRequest) -> Document:
    """Set configuration objects; in a running task with force."""

    def work(unit: Unit) -> Document:
        task = _configurable(unit, request.task, force=request.force)
        found: dict[str, Any] = {} if request.replace_configuration else dict(task["configuration"])
        for item in items(call.body["configuration"]):
            found[require_text(item.get("name"), "configuration.name")] = given(item)
        return {"updated": written(unit, task, {"configuration": found})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


async def delete_configuration(call: Call, request: DeleteConfigurationRequest) -> Document:
    """Forget configuration objects."""

    def work(unit: Unit) -> Document:
        task = _configurable(unit, request.task, force=request.force)
        left = {name: item for name, item in task["configuration"].items() if name not in request.configuration}
        if left == task["configuration"]:
            return {"deleted": 0}
        return {"deleted": written(unit, task, {"configuration": left})["updated"]}

    return await lifecycle.write(call.kernel, call.identity, work)


def _configurable(unit: Unit, task_id: str, *, force: bool) -> Document:
    task = owned_task(unit, task_id, ("configuration",))
    require_status(task, "configuration", ("created",), forced=("in_progress",), force=force)
    return task
