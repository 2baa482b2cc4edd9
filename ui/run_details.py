"""What a panel at the right shows of one run: facts, metrics, parameters, artifacts, models, the end of its log, its code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trackyard.core.clock import now
from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt
from trackyard.ui.links import file_link

FIELDS = ["name", "status", "started", "completed", "status_changed"]
MORE = [
    *("type", "hyperparams", "last_metrics", "execution.artifacts", "models", "script", "last_worker", "comment"),
    *("last_iteration", "status_message", "status_reason", "container"),
]


def seconds(task: Data) -> int | None:
    """How long a task took, or has taken so far; none before it began. A failed one ended when its status changed."""
    started = task.get("started")
    if not started:
        return None
    is_over = task.get("status") not in ("in_progress", "queued")
    end = task.get("completed") or (task.get("status_changed") if is_over else None)
    until = datetime.fromisoformat(end) if end else now()
    return max(0, int((until - datetime.fromisoformat(started)).total_seconds()))


async def details(page: Page, task: str) -> Data | None:
    """What the panel shows of a task; none if it is gone."""
    body = {"id": [task], "only_fields": [*FIELDS, *MORE], "search_hidden": True}
    found = (await attempt(page, "tasks.get_by_id_ex", body)).get("tasks", [])
    if not found:
        return None
    shown = found[0]
    log = await attempt(page, "events.get_task_log", {"task": task, "batch_size": 60, "navigate_earlier": True})
    models = {side: shown.get("models", {}).get(side) or [] for side in ("input", "output")}
    return {
        "task": shown,
        "seconds": seconds(shown),
        "parameters": _parameters(shown),
        "metrics": _metrics(shown),
        "artifacts": [_artifact(page, item) for item in (shown.get("execution") or {}).get("artifacts") or []],
        "models": [{"side": side, **_model(item)} for side, items in models.items() for item in items],
        "log": "".join(str(event.get("msg", "")).rstrip("\n") + "\n" for event in log.get("events", [])[::-1]),
        "code": str((shown.get("script") or {}).get("diff") or ""),
    }


def _parameters(task: Data) -> list[tuple[str, str]]:
    sections: Data = task.get("hyperparams") or {}
    return [
        (f"{section}/{name}", str(item.get("value", "")))
        for section, items in sorted(sections.items())
        for name, item in sorted(items.items())
    ]


def _metrics(task: Data) -> list[tuple[str, Any]]:
    found = [item for variants in (task.get("last_metrics") or {}).values() for item in variants.values()]
    shown = [item for item in found if not str(item.get("metric", "")).startswith(":monitor")]
    return sorted((f"{item.get('metric')} / {item.get('variant')}", item.get("value")) for item in shown)[:50]


def _artifact(page: Page, item: Data) -> Data:
    return {
        "link": file_link(page, item.get("uri") or ""),
        "key": item.get("key", ""),
        "size": item.get("content_size"),
        "preview": str((item.get("type_data") or {}).get("preview") or "")[:2000],
    }


def _model(item: Data) -> Data:
    model = item.get("model")
    known = model if isinstance(model, dict) else {"id": model}
    return {"id": str(known.get("id") or ""), "name": str(known.get("name") or item.get("name") or "")}
