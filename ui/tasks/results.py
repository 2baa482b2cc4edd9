"""Tabs whose content the page's script reads and draws: scalars, plots, samples, console."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trackyard.core.panels import Page
from trackyard.ui.tasks.header import task_context


async def _with_data(page: Page) -> dict[str, Any]:
    context = await task_context(page)
    task = context["task"]
    # the script reads results by itself: only the head of the page follows the task
    return context | {"data": {"task": task["id"], "name": task["name"], "status": task["status"]}}


async def scalars(page: Page) -> dict[str, Any]:
    """Context of the tab with the curves."""
    return await _with_data(page)


async def plots(page: Page) -> dict[str, Any]:
    """Context of the tab with the plots."""
    return await _with_data(page)


async def samples(page: Page) -> dict[str, Any]:
    """Context of the tab with the debug samples."""
    return await _with_data(page)


async def console(page: Page) -> dict[str, Any]:
    """Context of the tab with the log; its script is told when the task started and ended (ms), for the ruler of time."""
    context = await _with_data(page)
    task = context["task"]
    span = {"started": _milliseconds(task.get("started")), "ended": _milliseconds(task.get("completed"))}
    return context | {"data": context["data"] | span}


def _milliseconds(moment: str | None) -> int:
    """A date of the API in milliseconds; 0 for none."""
    return int(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
