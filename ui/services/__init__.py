"""Services: long-running tasks (monitors, applications, serving) and what waits in the queue of services."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt, in_archive
from trackyard.ui.run_details import details, seconds

TYPES = ["service", "monitor", "application"]
FIELDS = [
    "name",
    "type",
    "status",
    "tags",
    "project.name",
    "user.name",
    "last_worker",
    "container",
    "status_message",
    "completed",
    "status_changed",
    "started",
    "last_update",
    "execution.queue",
]
LIMIT = 200
SNIPPET = """\
clearml-agent daemon --services-mode --queue services
clearml-task --project DevOps --name cleanup --script cleanup.py --task-type service --queue services"""


class ServicesPlugin(Plugin):
    """The page of services."""

    name = "ui-services"
    summary = "Page of services: their state, where they run, their log, stop and start"
    needs = ("ui", "tasks")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page of services."""
        return [
            Panel(
                PanelKind.PAGE,
                "services",
                "Services",
                services,
                "services.html",
                "/services",
                icon="service",
                order=30,
                nav="system",
            ),
        ]


async def services(page: Page) -> dict[str, Any]:
    """Context of the page: tasks of the types of services, and those of the queue ``services``; what runs comes first."""
    query: Data = {
        "only_fields": FIELDS,
        "system_tags": in_archive(False),
        "order_by": ["-last_update"],
        "search_hidden": True,
        "page": 0,
        "page_size": LIMIT,
    }
    found = {task["id"]: task for task in (await page.call("tasks.get_all_ex", query | {"type": TYPES}))["tasks"]}
    queues = (await attempt(page, "queues.get_all_ex", {"name": "^services$", "only_fields": ["name"]})).get("queues", [])
    if queues:
        waiting = await attempt(page, "tasks.get_all_ex", query | {"execution.queue": [queue["id"] for queue in queues]})
        found |= {task["id"]: task for task in waiting.get("tasks", [])}
    machines = await _machines(page)
    for task in found.values():
        task |= {
            "seconds": seconds(task),
            "machine": machines.get(task["id"]),
            "image": (task.get("container") or {}).get("image", ""),
        }
    shown = page.query.get("service", "")
    places = {"in_progress": 0, "queued": 1}
    rows = sorted(found.values(), key=lambda task: (places.get(task.get("status", ""), 2), str(task["name"])))
    running = sum(1 for task in rows if task.get("status") == "in_progress")
    context = {"title": "Services", "rows": rows, "running": running, "refresh": 10, "snippet": SNIPPET, "shown": shown}
    return {**context, "panel": await details(page, shown) if shown else None}


async def _machines(page: Page) -> dict[str, Data]:
    """The workers that run services, by the task that each runs: the node before the colon, and the use of the machine."""
    workers = (await attempt(page, "workers.get_all", {"last_seen": 3600})).get("workers", [])
    found = {}
    for worker in workers:
        task = worker.get("task") or {}
        if task.get("id"):
            node = str(worker["id"]).removesuffix(f":{task['id']}")
            found[str(task["id"])] = {"node": node, "seen": worker.get("last_activity_time") or ""}
    return found
