"""Tabs that the server renders: overview, configuration, execution, artifacts, info."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt, pins_of
from trackyard.ui.links import file_kind, file_link
from trackyard.ui.markdown import to_html
from trackyard.ui.metrics import metric_list, top_metrics
from trackyard.ui.tasks.header import task_context

LOG_LINES = 10
SHOWN_DIFF = 5000
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
DRAFT = {"created"}
SECRET = re.compile(r"""((?:-e|--env)[ =]+["']?\w*(?:KEY|SECRET|TOKEN|PASS)\w*=)("[^"]*"|'[^']*'|[^\s"']+)""", re.IGNORECASE)
"""A variable in the arguments of a container whose name tells that its value is a secret."""


async def overview(page: Page) -> dict[str, Any]:
    """Context of the overview: description, single values, the top curves, changed parameters, files, last log lines."""
    context = await task_context(page, "last_metrics", "hyperparams", "execution.artifacts", "models")
    task = context["task"]
    metrics = task.get("last_metrics") or {}
    changed, lines, pins = await asyncio.gather(_changed(page, task), _log_tail(page, task["id"]), pins_of(page))
    top = top_metrics(metrics, 4, pins)
    return context | {
        "description": to_html(task.get("comment") or ""),
        "values": [item for item in metric_list(metrics) if item["metric"] == "Summary"],
        "top": top,
        "changed": changed,
        "lines": lines,
        "artifacts": _artifacts(page, task),
        "models": _models(task),
        "data": {
            "task": task["id"],
            "name": task["name"],
            "status": task["status"],
            "top": [{"metric": item["metric"], "variant": item["variant"]} for item in top],
        },
    }


async def configuration(page: Page) -> dict[str, Any]:
    """Context of the configuration: sections of parameters, properties, configuration objects."""
    context = await task_context(page, "hyperparams", "configuration")
    task = context["task"]
    sections = task.get("hyperparams") or {}
    ordered = sorted(sections, key=lambda name: (name != "Args", name != "General", name.lower()))
    return context | {
        "sections": [{"name": name, "items": _items(sections[name])} for name in ordered if name != "properties"],
        "properties": _items(sections.get("properties") or {}),
        "objects": _items(task.get("configuration") or {}),
        "draft": task["status"] in DRAFT,
        "data": {"task": task["id"], "status": task["status"]},
    }


async def execution(page: Page) -> dict[str, Any]:
    """Context of the execution: where the code comes from, its changes, packages, container."""
    context = await task_context(page, "script", "container", "output", "execution.queue.name")
    task = context["task"]
    script = task.get("script") or {}
    requirements = script.get("requirements") or {}
    diff = str(script.get("diff") or "").splitlines()
    return context | {
        "script": script,
        "packages": {name: _text(value) for name, value in sorted(requirements.items()) if value},
        "files": changed_files(diff[:SHOWN_DIFF]),
        "diff_rest": max(0, len(diff) - SHOWN_DIFF),
        "container": task.get("container") or {},
        "arguments": hidden_secrets(str((task.get("container") or {}).get("arguments") or "")),
        "draft": task["status"] in DRAFT,
        "data": {"task": task["id"], "status": task["status"]},
    }


def hidden_secrets(arguments: str) -> str:
    """The arguments of a container with dots in the place of what looks like a secret."""
    return SECRET.sub(r"\1••••", arguments)


async def artifacts(page: Page) -> dict[str, Any]:
    """Context of the artifacts: uploaded objects with a preview, input and output models."""
    context = await task_context(
        page,
        "execution.artifacts",
        "models.input.name",
        "models.output.name",
        "models.input.model.name",
        "models.output.model.name",
        "models",
    )
    task = context["task"]
    return context | {
        "artifacts": _artifacts(page, task),
        "models": _models(task),
        "draft": task["status"] in DRAFT,
        "data": {"task": task["id"], "status": task["status"]},
    }


async def info(page: Page) -> dict[str, Any]:
    """Context of the info tab: everything about the task that has no other place."""
    context = await task_context(page, "execution.queue.name", "published", "last_change", "status_changed")
    task = context["task"]
    runtime = {key: value for key, value in sorted((task.get("runtime") or {}).items()) if not key.startswith("_")}
    return context | {
        "description": to_html(task.get("comment") or ""),
        "runtime": runtime,
        "data": {"task": task["id"], "comment": task.get("comment") or ""},
    }


async def _changed(page: Page, task: Data) -> list[Data] | None:
    """Parameters that differ from the parent's: {name, value, before}; None without a parent that can be read."""
    parent = (task.get("parent") or {}).get("id")
    if not parent or str(parent).startswith("__DELETED__"):
        return None
    found = await attempt(page, "tasks.get_all_ex", {"id": [parent], "search_hidden": True, "only_fields": ["hyperparams"]})
    if not found.get("tasks"):
        return None
    old, new = _flat(found["tasks"][0].get("hyperparams") or {}), _flat(task.get("hyperparams") or {})
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [{"name": name, "value": new.get(name), "before": old.get(name)} for name in names]


async def _log_tail(page: Page, task: str) -> list[str]:
    """The last lines of the log, oldest first, without colours."""
    found = await attempt(page, "events.get_task_log", {"task": task, "batch_size": LOG_LINES, "navigate_earlier": True})
    lines = [line for event in reversed(found.get("events", [])) for line in str(event.get("msg", "")).splitlines()]
    return [ANSI.sub("", line.rpartition("\r")[2])[:500] for line in lines if line.strip()][-LOG_LINES:]


def _flat(sections: Data) -> dict[str, str]:
    return {
        f"{section}/{name}": str(item.get("value", ""))
        for section, items in sections.items()
        if section != "properties"
        for name, item in items.items()
    }


def _items(section: Data) -> list[Data]:
    return [section[name] | {"name": name} for name in sorted(section, key=str.lower)]


def _text(value: Any) -> str:
    return "\n".join(str(line) for line in value) if isinstance(value, list) else str(value)


def changed_files(diff: list[str]) -> list[Data]:
    """The changes of each file: {name, added, removed, lines}, a line as {kind, text}; the first may have no name."""
    files: list[Data] = []
    for line in diff:
        if line.startswith("diff ") or not files:
            name = line.rpartition(" b/")[2] if line.startswith("diff ") else ""
            files.append({"name": name, "added": 0, "removed": 0, "lines": []})
        kind = _diff_kind(line)
        files[-1]["lines"].append({"kind": kind, "text": line})
        if kind in ("added", "removed"):
            files[-1][kind] += 1
    return files


def _diff_kind(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "file"
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "")


def _artifacts(page: Page, task: Data) -> list[Data]:
    found = (task.get("execution") or {}).get("artifacts") or []
    return [
        item
        | {
            "link": file_link(page, str(item.get("uri") or "")),
            "kind": file_kind(str(item.get("uri") or "")),
            "preview": str((item.get("type_data") or {}).get("preview") or ""),
        }
        for item in found
    ]


def _models(task: Data) -> list[Data]:
    sides = task.get("models") or {}
    return [_model(item, side) for side in ("input", "output") for item in sides.get(side) or []]


def _model(item: Data, side: str) -> Data:
    model = item.get("model")
    reference = model if isinstance(model, dict) else {"id": model}
    return {
        "name": item.get("name", ""),
        "side": side,
        "id": reference.get("id") or "",
        "title": reference.get("name") or item.get("name", ""),
    }
