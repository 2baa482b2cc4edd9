"""Copies of tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trackyard.core import lifecycle, store
from trackyard.core.entities import TASK
from trackyard.core.errors import invalid_id
from trackyard.core.lifecycle import DELETED_PARENT, Unit
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.tasks import documents
from trackyard.plugins.tasks.requests import CloneRequest

COPIED = ("name", "type", "comment", "project", "tags", "script", "container", "hyperparams", "configuration")
CHANGED = ("parent", "system_tags", "execution", "models", "output")
NOT_INHERITED = ("development", store.ARCHIVED)


async def clone(call: Call, request: CloneRequest) -> Document:
    """A draft with the inputs of another task, which may be a public one."""

    def work(unit: Unit) -> Document:
        fields = {"id", *COPIED, *CHANGED}
        source = store.require(unit.session, TASK, request.task, company=unit.identity.company, fields=fields)
        draft = _draft_of(source) | _replacements(unit, call.body)
        draft["parent"] = _parent(unit, request, source)
        made = _choose_project(unit, request, draft)
        _override(unit, call.body, draft)
        if request.validate_references:
            documents.check_models(unit, [item["model"] for item in draft["models"]["input"]])
        store.touch_projects(unit.session, [draft.get("project")], unit.now)
        return {"id": store.insert(unit.session, TASK, draft, by=unit.identity.user), **made}

    return await lifecycle.write(call.kernel, call.identity, work)


def _draft_of(source: Document) -> Document:
    """What a copy has of its source: inputs only."""
    execution = {key: value for key, value in source["execution"].items() if key != "queue"}
    execution["artifacts"] = [item for item in execution.get("artifacts") or [] if item.get("mode") == "input"]
    destination = source["output"].get("destination")
    return {name: source[name] for name in COPIED if name in source} | {
        "system_tags": [tag for tag in source["system_tags"] if tag not in NOT_INHERITED],
        "execution": execution,
        "models": {"input": source["models"].get("input") or [], "output": []},
        "output": {"destination": destination} if destination else {},
    }


def _replacements(unit: Unit, body: Document) -> Document:
    """The fields that the caller gives, as they are stored."""
    shape: dict[str, Callable[[Any], Any]] = {
        "name": lambda name: store.checked_name(name, "task"),
        "comment": str,
        "tags": documents.tags,
        "system_tags": documents.tags,
        "hyperparams": documents.hyperparams,
        "configuration": documents.configuration,
        "container": documents.given,
    }
    given = {field: make(body[f"new_task_{field}"]) for field, make in shape.items() if body.get(f"new_task_{field}") is not None}
    by = unit.identity
    return {**given, "company": by.company, "user": by.user, "status": "created", "created": unit.now}


def _parent(unit: Unit, request: CloneRequest, source: Document) -> str:
    """The parent that was asked for, or the source's own, or the source."""
    wanted = request.new_task_parent
    if wanted:
        if not store.existing(unit.session, TASK, [wanted], company=unit.identity.company):
            raise invalid_id("task", wanted)
        return wanted
    own = str(source.get("parent") or "")
    return own if own and not own.startswith(DELETED_PARENT) else str(source["id"])


def _choose_project(unit: Unit, request: CloneRequest, draft: Document) -> Document:
    """Put the draft into the project that was asked for; what the answer says of a project that was made by name."""
    if request.new_project_name:
        draft["project"] = store.ensure_project(unit.session, unit.identity, request.new_project_name)
        return {"new_project": {"id": draft["project"], "name": store.clean_project_name(request.new_project_name)}}
    if request.new_task_project:
        documents.check_references(unit, {"project": request.new_task_project})
        draft["project"] = request.new_task_project
    return {}


def _override(unit: Unit, body: Document, draft: Document) -> None:
    if body.get("execution_overrides") is not None:
        draft["execution"] |= documents.execution(body["execution_overrides"])
    if body.get("new_task_input_models") is not None:
        draft["models"] |= documents.task_models(unit, {"input": documents.items(body["new_task_input_models"])})
