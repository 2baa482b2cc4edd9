"""Tabs whose content the page's script reads and draws: scalars, plots, samples, console."""

from __future__ import annotations

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
    """Context of the tab with the log."""
    return await _with_data(page)
