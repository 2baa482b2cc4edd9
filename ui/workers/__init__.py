"""The workers: what each runs, the queues it listens to, and how its machine is."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt, together
from trackyard.ui.windows import WINDOWS, chosen_window

KEYS = [
    "cpu_usage",
    "memory_used",
    "memory_free",
    "gpu_usage",
    "gpu_memory_used",
    "gpu_memory_free",
    "network_rx",
    "network_tx",
]
SNIPPET = "pip install clearml-agent\nclearml-agent daemon --queue default --create-queue"
Curves = dict[str, list[float]]


class WorkersPlugin(Plugin):
    """The page of the workers."""

    name = "ui-workers"
    summary = "Page of workers: what they run, their queues, the use of their machines"
    needs = ("ui", "workers")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page of all workers."""
        return [
            Panel(
                PanelKind.PAGE, "workers", "Workers", workers, "workers.html", "/workers", icon="worker", order=20, nav="system"
            ),
        ]


async def workers(page: Page) -> dict[str, Any]:
    """Context of the page: one row per worker with the curves of its machine, and how many worked over the window.

    ``?id=`` chooses the worker whose charts the panel shows.
    """
    window = chosen_window(page)
    items = [{"key": key, "category": "avg"} for key in KEYS]
    found = await together(
        page,
        {
            "workers": ("workers.get_all", {"last_seen": max(3600, window.seconds)}),
            "activity": ("workers.get_activity_report", window.period()),
        },
    )
    rows = sorted(found["workers"].get("workers", []), key=lambda row: str(row["id"]))
    curves: dict[str, Curves] = {}
    dates: dict[str, list[int]] = {}
    if rows:
        body = {**window.period(), "worker_ids": [row["id"] for row in rows], "items": items}
        stats = await attempt(page, "workers.get_stats", body)
        curves = {row["worker"]: _curves(row.get("metrics") or []) for row in stats.get("workers", [])}
        dates = {row["worker"]: _dates(row.get("metrics") or []) for row in stats.get("workers", [])}
    for row in rows:
        row["task"] = row.get("task")
        row["meters"] = meters(curves.get(row["id"], {}))
    working = sum(1 for row in rows if row.get("task"))
    chosen = next((row for row in rows if row["id"] == page.query.get("id")), None)
    charts = machine_charts(dates.get(chosen["id"], []), curves.get(chosen["id"], {})) if chosen else []
    return {
        "chosen": chosen,
        "charts": charts,
        "overall": _overall(found["activity"]),
        "title": "Workers",
        "rows": rows,
        "working": working,
        "activity": _activity(found["activity"]),
        "refresh": 10,
        "windows": WINDOWS,
        "window": window,
        "snippet": SNIPPET,
    }


def _curves(metrics: list[Data]) -> Curves:
    """The averages of each metric by interval; those of several devices are one."""
    found: Curves = {}
    for metric in metrics:
        values = [stats["values"] for stats in metric.get("stats") or [] if stats.get("aggregation") == "avg"]
        found[metric["metric"]] = [float(value or 0) for value in values[0]] if values else []
    return found


def _dates(metrics: list[Data]) -> list[int]:
    """The times of the values, milliseconds."""
    return next((metric["dates"] for metric in metrics if metric.get("dates")), [])


def machine_charts(dates: list[int], curves: Curves) -> list[Data]:
    """The charts of one machine, as ``time_charts.js`` draws them: {title, unit, x, lines: [{name, y}]}."""
    parts = [
        ("CPU and GPU", "%", [("CPU", "cpu_usage"), ("GPU", "gpu_usage")]),
        ("Memory", "MB", [("used", "memory_used"), ("free", "memory_free")]),
        ("GPU memory", "MB", [("used", "gpu_memory_used"), ("free", "gpu_memory_free")]),
        ("Network", "MB/s", [("received", "network_rx"), ("sent", "network_tx")]),
    ]
    return [
        {"title": title, "unit": unit, "x": dates, "lines": lines}
        for title, unit, names in parts
        if (lines := [{"name": name, "y": curves[key]} for name, key in names if curves.get(key)])
    ]


def _overall(report: Data) -> list[Data]:
    """The chart of all workers: how many there were, how many worked."""
    names = (("workers", "total"), ("at work", "active"))
    lines = [{"name": name, "y": (report.get(key) or {}).get("counts", [])} for name, key in names]
    x = (report.get("total") or {}).get("dates", [])
    return [{"title": "Workers at work", "unit": "", "x": x, "lines": lines}] if x else []


def meters(curves: Curves) -> list[Data]:
    """What is drawn of a machine: {name, points, top, last}; ``top`` is the end of the scale, ``last`` the text of now.

    Usages are percent; memory is megabytes and is shown as the part of the whole; network is megabytes per second.
    """
    memory = _share(curves.get("memory_used", []), curves.get("memory_free", []))
    video = _share(curves.get("gpu_memory_used", []), curves.get("gpu_memory_free", []))
    network = [sum(pair) for pair in zip(curves.get("network_rx", []), curves.get("network_tx", []), strict=False)]
    top = max([*network, 1.0])
    named = [
        ("CPU", curves.get("cpu_usage", []), 100.0, "%"),
        ("Memory", memory, 100.0, "%"),
        ("GPU", curves.get("gpu_usage", []), 100.0, "%"),
        ("GPU memory", video, 100.0, "%"),
        ("Network", network, top, " MB/s"),
    ]
    return [{"name": name, "points": points, "top": end, "last": _last(points, unit)} for name, points, end, unit in named]


def _share(used: list[float], free: list[float]) -> list[float]:
    return [100 * part / whole if (whole := part + rest) else 0.0 for part, rest in zip(used, free, strict=False)]


def _last(points: list[float], unit: str) -> str:
    if not points:
        return "–"
    return f"{points[-1]:.0f}{unit}" if unit == "%" else f"{points[-1]:.1f}{unit}"


def _activity(report: Data) -> Data:
    """How many workers there were and how many worked: {total, active} as lists over the window."""
    return {name: [float(value) for value in (report.get(name) or {}).get("counts", [])] for name in ("total", "active")}
