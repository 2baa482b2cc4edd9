"""What the endpoints of reports answer."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.protocol.replies import Created


class ReportCreated(Created):
    """The id of the new report and that of the project that keeps it."""

    project_id: str


class ReportList(msgspec.Struct):
    """Reports with the fields that were asked for; ``scroll_id`` goes on where the list ends."""

    tasks: list[dict[str, Any]]
    scroll_id: str | None = None


class ReportArchived(msgspec.Struct):
    """Whether the report was archived now (0 or 1)."""

    archived: int


class ReportUnarchived(msgspec.Struct):
    """Whether the report came back now (0 or 1)."""

    unarchived: int


class TaskData(msgspec.Struct):
    """Tasks, and of their events what was asked for."""

    tasks: list[dict[str, Any]]
    plots: dict[str, Any] | None = None
    debug_images: list[dict[str, Any]] | None = None
    scalar_metrics_iter_histogram: dict[str, Any] | None = None
    single_value_metrics: list[dict[str, Any]] | None = None
