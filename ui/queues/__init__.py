"""The queues with the tasks that wait in them, their order, lengths and waiting times."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt, together
from trackyard.ui.windows import WINDOWS, Window, chosen_window

SHOWN = 12
"""Waiting tasks that are shown of each queue; the page of one queue shows up to `SHOWN_ALONE`."""
SHOWN_ALONE = 500
FIELDS = ["name", "display_name", "tags", "entries", "created"]
TASK_FIELDS = ["name", "type", "project.name", "user.name", "status"]


class QueuesPlugin(Plugin):
    """The page of the queues."""

    name = "ui-queues"
    summary = "Page of queues: waiting tasks, their order, lengths and waiting times"
    needs = ("ui", "queues")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page of all queues; ``?id=`` shows one."""
        return [
            Panel(PanelKind.PAGE, "queues", "Queues", queues, "queues.html", "/queues", icon="queue", order=10, nav="system"),
        ]


async def queues(page: Page) -> dict[str, Any]:
    """Context of the page: one row per queue with its first waiting tasks, listeners and curves of the window."""
    chosen, window = page.query.get("id", ""), chosen_window(page)
    body: Data = {"only_fields": FIELDS, "order_by": ["name"], "page": 0, "page_size": 200}
    found = await together(
        page,
        {
            "queues": ("queues.get_all_ex", body | ({"id": [chosen]} if chosen else {})),
            "names": ("queues.get_all_ex", {"only_fields": ["name", "display_name"], "order_by": ["name"]}),
            "workers": ("workers.get_all", {}),
        },
    )
    rows = [_row(queue, SHOWN_ALONE if chosen else SHOWN) for queue in found["queues"].get("queues", [])]
    tasks = await _tasks(page, rows)
    curves = await _curves(page, [row["id"] for row in rows], window)
    listeners = _listeners(found["workers"].get("workers", []))
    for row in rows:
        row |= {"curve": curves.get(row["id"]), "workers": listeners.get(row["id"], [])}
        row["tasks"] = [{"id": entry["id"], "added": entry["added"], **tasks.get(entry["id"], {})} for entry in row["entries"]]
    names = [{"id": queue["id"], "name": _title(queue)} for queue in found["names"].get("queues", [])]
    title = rows[0]["title"] if chosen and rows else "Queues"
    crumbs = [{"title": "Queues", "href": page.url("/queues")}, *([{"title": title}] if chosen else [])]
    charts = queue_charts(rows[0]["curve"]) if chosen and rows else []
    context = {"title": title, "charts": charts, "crumbs": crumbs, "rows": rows, "names": names, "chosen": chosen}
    return {**context, "refresh": 5, "windows": WINDOWS, "window": window, "waiting": sum(row["waiting"] for row in rows)}


def _title(queue: Data) -> str:
    return str(queue.get("display_name") or queue["name"])


def _row(queue: Data, shown: int) -> Data:
    """A queue: how many wait, since when the first does, and the first ``shown`` tasks as {id, added}."""
    entries = [{"id": _id(entry["task"]), "added": entry.get("added", "")} for entry in queue.get("entries") or []]
    return {
        "id": queue["id"],
        "name": queue["name"],
        "title": _title(queue),
        "display_name": queue.get("display_name") or "",
        "tags": queue.get("tags") or [],
        "waiting": len(entries),
        "since": min((str(entry["added"]) for entry in entries), default=""),
        "entries": entries[:shown],
    }


def _id(task: Any) -> str:
    """Entries name their task by its id or as an object with it."""
    return str(task["id"] if isinstance(task, dict) else task)


async def _tasks(page: Page, rows: list[Data]) -> dict[str, Data]:
    """What is shown of the waiting tasks, by id."""
    ids = sorted({entry["id"] for row in rows for entry in row["entries"]})
    if not ids:
        return {}
    body = {"id": ids, "only_fields": TASK_FIELDS, "search_hidden": True, "page": 0, "page_size": len(ids)}
    return {task["id"]: task for task in (await attempt(page, "tasks.get_all_ex", body)).get("tasks", [])}


def _listeners(workers: list[Data]) -> dict[str, list[str]]:
    """The workers that listen to each queue."""
    found: dict[str, list[str]] = {}
    for worker in workers:
        for queue in worker.get("queues") or []:
            found.setdefault(queue["id"], []).append(worker["id"])
    return {queue: sorted(names) for queue, names in found.items()}


async def _curves(page: Page, ids: list[str], window: Window) -> dict[str, Data]:
    """Lengths and waiting times (seconds) of queues over the window: {queue: {lengths, waits}}."""
    if not ids:
        return {}
    body = {**window.period(), "queue_ids": ids, "refresh": True}
    found = (await attempt(page, "queues.get_queue_metrics", body)).get("queues", [])
    return {
        row["queue"]: {
            "dates": row.get("dates") or [],
            "lengths": [value or 0 for value in row.get("queue_lengths") or []],
            "waits": [value or 0 for value in row.get("avg_waiting_times") or []],
        }
        for row in found
    }


def queue_charts(curve: Data | None) -> list[Data]:
    """The charts of one queue, as ``time_charts.js`` draws them."""
    if not curve or not curve["dates"]:
        return []
    minutes = [value / 60 for value in curve["waits"]]
    return [
        {"title": "Waiting tasks", "unit": "", "x": curve["dates"], "lines": [{"name": "tasks", "y": curve["lengths"]}]},
        {"title": "Average wait", "unit": "min", "x": curve["dates"], "lines": [{"name": "wait", "y": minutes}]},
    ]
