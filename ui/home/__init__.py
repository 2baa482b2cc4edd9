"""The home page: what runs, what needs attention, what waits, which projects moved, whether the system is well."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup
from trackyard.core.clock import now
from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt, pinned, preferences_of, together
from trackyard.ui.home.start import getting_started
from trackyard.ui.metrics import chosen_metric

log = logging.getLogger(__name__)
RUNNING_SHOWN = 12
RECENT_SHOWN = 6
FAILED_SHOWN = 8
REPORTS_SHOWN = 6
LOST = "non-responsive"
"""What the message of a task says whose process stopped reporting."""
DAYS = 14
NOT_SHOWN = ["__$not", "archived", "__$not", "dataset", "__$not", "reports"]
RUNNING_FIELDS = [
    "name",
    "status",
    "type",
    "project.name",
    "started",
    "last_update",
    "last_worker",
    "last_iteration",
    "runtime.progress",
    "last_metrics",
]


class HomePlugin(Plugin):
    """The home page."""

    name = "ui-home"
    summary = "Home page: running, failed, queues, projects, health"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The home page at the root."""
        return [Panel(PanelKind.PAGE, "home", "Home", home, "home.html", "/", icon="home", order=10, nav="main")]


async def home(page: Page) -> dict[str, Any] | web.StreamResponse:
    """Context of the home page; before the first task it is the getting-started page."""
    own = await preferences_of(page)
    mine = page.query.get("mine", str(own.get("mine", ""))) == "1"
    found = await together(page, _queries(page.identity.user if mine else ""))
    running = found["running"].get("tasks", [])
    ended = [*found["failed"].get("tasks", []), *found["lost"].get("tasks", [])]
    failed = sorted(ended, key=lambda task: str(task.get("status_changed", "")), reverse=True)[:FAILED_SHOWN]
    if not running and not found["any"].get("tasks"):
        return {"title": "Home", "start": await getting_started(page)}
    curves, lines, activity = await asyncio.gather(
        _curves(page, running, pinned(own)), _last_lines(page, failed), _activity(page)
    )
    return {
        "title": "Home",
        "start": None,
        "mine": mine,
        "refresh": 5,
        "running": [row | {"curve": curves.get(row["id"])} for row in running],
        "recent": found["recent"].get("tasks", []),
        "failed": [row | {"line": lines.get(row["id"], "")} for row in failed],
        "reports": found["reports"].get("tasks", []),
        "queues": _queue_rows(found["queues"].get("queues", [])),
        "projects": [row | {"days": activity.get(row["id"], [0] * DAYS)} for row in found["projects"].get("projects", [])],
        "health": await _health(page),
        "cards": await _cards(page),
    }


def _queries(user: str) -> dict[str, tuple[str, Data]]:
    """What the page asks for; of one user's tasks and projects only, when one is given."""
    return {name: (endpoint, body | _by(user, name)) for name, (endpoint, body) in _all_queries().items()}


def _by(user: str, name: str) -> Data:
    """The filter by a user of one query; queues and the question whether there is any task have none."""
    if not user or name in ("any", "queues"):
        return {}
    return {"active_users": [user]} if name == "projects" else {"user": [user]}


def _all_queries() -> dict[str, tuple[str, Data]]:
    return {
        "any": ("tasks.get_all_ex", {"page": 0, "page_size": 1, "only_fields": ["id"]}),
        "running": (
            "tasks.get_all_ex",
            {
                "status": ["in_progress"],
                "system_tags": NOT_SHOWN,
                "order_by": ["-started"],
                "page": 0,
                "page_size": RUNNING_SHOWN,
                "only_fields": RUNNING_FIELDS,
            },
        ),
        "recent": (
            "tasks.get_all_ex",
            {
                "status": ["completed", "closed", "published", "stopped", "in_progress"],
                "system_tags": NOT_SHOWN,
                "order_by": ["-last_update"],
                "page": 0,
                "page_size": RECENT_SHOWN,
                "only_fields": ["name", "status", "project.name", "user.name", "last_update"],
            },
        ),
        "failed": ("tasks.get_all_ex", _ended(["failed"])),
        "lost": ("tasks.get_all_ex", _ended(["stopped"]) | {"_any_": {"pattern": LOST, "fields": ["status_message"]}}),
        "queues": ("queues.get_all_ex", {"only_fields": ["name", "display_name", "entries"], "order_by": ["name"]}),
        "reports": (
            "reports.get_all_ex",
            {
                "order_by": ["-last_update"],
                "system_tags": ["__$not", "archived"],
                "page": 0,
                "page_size": REPORTS_SHOWN,
                "only_fields": ["name", "status", "user.name", "last_update"],
            },
        ),
        "projects": (
            "projects.get_all_ex",
            {
                "include_stats": True,
                "stats_for_state": "active",
                "order_by": ["-last_update"],
                "page": 0,
                "page_size": 8,
                "only_fields": ["name", "basename", "last_update"],
            },
        ),
    }


def _ended(status: list[str]) -> Data:
    """Asks for what came to a status in the last day, the newest first."""
    return {
        "status": status,
        "status_changed": [f">={(now() - timedelta(days=1)).isoformat(timespec='seconds')}"],
        "system_tags": NOT_SHOWN,
        "order_by": ["-status_changed"],
        "page": 0,
        "page_size": FAILED_SHOWN,
        "only_fields": ["name", "status", "project.name", "status_changed", "status_message", "status_reason"],
    }


async def _curves(page: Page, tasks: list[Data], pins: list[str]) -> dict[str, Data]:
    """The chosen curve of each task, thinned to what a sparkline shows: {name, points, last}."""
    chosen = {task["id"]: metric for task in tasks if (metric := chosen_metric(task.get("last_metrics") or {}, pins))}
    bodies = [
        {"task": task, "samples": 60, "metrics": [{"metric": name["metric"], "variants": [name["variant"]]}]}
        for task, name in chosen.items()
    ]
    answers = await asyncio.gather(*(attempt(page, "events.scalar_metrics_iter_histogram", body) for body in bodies))
    curves = {}
    for (task, name), answer in zip(chosen.items(), answers, strict=True):
        points = answer.get(name["metric"], {}).get(name["variant"], {}).get("y", [])
        numbers = [value for value in points if isinstance(value, int | float)]
        curves[task] = {
            "name": f"{name['metric']} / {name['variant']}",
            "points": numbers[:: max(1, len(numbers) // 60)],
            "last": name.get("value"),
        }
    return curves


async def _last_lines(page: Page, tasks: list[Data]) -> dict[str, str]:
    """The last line that each task wrote."""
    bodies = [{"task": task["id"], "batch_size": 1, "navigate_earlier": True} for task in tasks]
    answers = await asyncio.gather(*(attempt(page, "events.get_task_log", body) for body in bodies))
    lines = {}
    for task, answer in zip(tasks, answers, strict=True):
        text = "\n".join(str(event.get("msg", "")) for event in answer.get("events", [])[:1])
        lines[task["id"]] = next((line for line in reversed(text.splitlines()) if line.strip()), "")[:300]
    return lines


async def _activity(page: Page) -> dict[str, list[int]]:
    """How many tasks of each project started on each of the last days, oldest first."""
    since = now() - timedelta(days=DAYS - 1)
    body = {
        "started": [since.strftime("%Y-%m-%dT00:00:00"), None],
        "order_by": ["-started"],
        "page": 0,
        "page_size": 500,
        "only_fields": ["started", "project"],
    }
    counts: dict[str, list[int]] = {}
    for task in (await attempt(page, "tasks.get_all_ex", body)).get("tasks", []):
        started = task.get("started")
        if not started:
            continue
        day = (datetime.fromisoformat(str(started)).date() - since.date()).days
        project = (task.get("project") or {}).get("id", "")
        if 0 <= day < DAYS:
            counts.setdefault(project, [0] * DAYS)[day] += 1
    return counts


def _queue_rows(queues: list[Data]) -> list[Data]:
    """Queues with how many wait and since when the first does; the fullest first."""
    rows = []
    for queue in queues:
        entries = queue.get("entries") or []
        rows.append(
            {
                "id": queue["id"],
                "name": queue.get("display_name") or queue["name"],
                "waiting": len(entries),
                "since": min((str(entry["added"]) for entry in entries), default=""),
            }
        )
    return sorted(rows, key=lambda row: (-row["waiting"], row["name"]))


async def _cards(page: Page) -> list[Data]:
    """The cards that plugins put on this page, rendered; one that fails says so and leaves the others alone."""
    return [{"title": panel.title, "html": await _card(page, panel)} for panel in page.panels(PanelKind.DASHBOARD_CARD)]


async def _card(page: Page, panel: Panel) -> Markup:
    shown = Page(page.kernel, page.identity, page.request, panel)
    try:
        context = cast("Data", await panel.handler(shown))
        text = await asyncio.to_thread(aiohttp_jinja2.render_string, panel.template, page.request, {"page": shown, **context})
    except Exception:
        log.exception("card %s failed", panel.name)
        return Markup('<p class="notice error">This card failed; the log of the server says why.</p>')
    return Markup(text)  # noqa: S704 - rendered by a template that escapes


async def _health(page: Page) -> list[Data]:
    """The parts of the system that can be asked how they are."""
    found = await page.kernel.health()
    return [{"name": name, "ok": health.ok, "detail": health.detail} for name, (health, _) in sorted(found.items())]
