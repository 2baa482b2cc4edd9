"""References to results of steps, conditions, and the key by which equal steps are found again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from trackyard.plugins.pipeline_controller.definition import PIPELINE, REFERENCE

FIELDS = ["id", "name", "type", "status", "execution.artifacts", "hyperparams", "models", "last_metrics"]
"""What references read of a task."""
ARTIFACT = {"url": "uri", "name": "key", "size": "content_size"}
"""The SDK's names of an artifact's fields, and the protocol's."""
COMPARISON = re.compile(r"^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$", re.DOTALL)
FALSE = ("", "0", "false", "no", "none")
Document = Mapping[str, Any]


class Missing(Exception):
    """What is referred to does not exist; the message says what."""


def fill(text: str, arguments: Mapping[str, str], tasks: Mapping[str, Document]) -> str:
    """The text with its references replaced; ``tasks`` by the names of their steps. Raises `Missing`."""
    return REFERENCE.sub(lambda match: _value(match[1], arguments, tasks), text)


def _value(path: str, arguments: Mapping[str, str], tasks: Mapping[str, Document]) -> str:
    step, _, rest = path.partition(".")
    if step == PIPELINE:
        return arguments[rest]
    source, _, name = rest.partition(".")
    task = tasks.get(step)
    if task is None:
        raise Missing(f"${{{path}}}: the step {step} has no task")
    readers = {"artifacts": _artifact, "parameters": _parameter, "metrics": _metric, "models": _model}
    found = task["id"] if source == "id" else readers[source](task, name)
    if found is None:
        raise Missing(f"${{{path}}}: the task {task['id']} of the step {step} has no such value")
    return str(found)


def _artifact(task: Document, name: str) -> Any:
    key, _, field = name.rpartition(".")
    items = (task.get("execution") or {}).get("artifacts") or []
    found: Document = next((item for item in items if item.get("key") == key.replace("\\.", ".")), {})
    return found.get(ARTIFACT.get(field, field))


def _parameter(task: Document, name: str) -> Any:
    section, _, rest = name.partition("/")
    return (((task.get("hyperparams") or {}).get(section) or {}).get(rest) or {}).get("value")


def _metric(task: Document, name: str) -> Any:
    for variants in (task.get("last_metrics") or {}).values():
        for item in variants.values():
            if f"{item.get('metric')}/{item.get('variant')}" == name:
                return item.get("value")
    return None


def _model(task: Document, name: str) -> Any:
    kind, number, field = name.split(".", 2)
    items = (task.get("models") or {}).get(kind) or []
    place = int(number)
    item = items[place] if -len(items) <= place < len(items) else {}
    return item.get("model") if field == "id" else item.get(field)


def holds(condition: str) -> bool:
    """Whether a condition whose references were replaced is true: a comparison, or a value that is not empty, 0 or false."""
    found = COMPARISON.match(condition.strip())
    if found is None:
        return condition.strip().lower() not in FALSE
    left, operator, right = found[1], found[2], found[3]
    try:
        order = (float(left) > float(right)) - (float(left) < float(right))
    except ValueError:
        order = (left > right) - (left < right)
    return {"==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def content_key(base: Document, parameters: Mapping[str, str]) -> str:
    """The same for the same base task, code, environment, configuration and parameters."""
    values = {
        f"{section}/{name}": str(item.get("value"))
        for section, items in (base.get("hyperparams") or {}).items()
        for name, item in items.items()
    }
    fields = {field: base.get(field) for field in ("id", "script", "container", "configuration")}
    text = json.dumps([fields, {**values, **parameters}], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
