"""Reports: pages of text with live plots of tasks."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.replies import Changed, Deleted, Moved, Tags
from trackyard.core.protocol.requests import Request
from trackyard.plugins.reports import changes, reading, replies, requests


class ReportsPlugin(Plugin):
    """The service ``reports``."""

    name = "reports"
    summary = "Reports: pages of text with live plots of tasks"
    needs = ("tasks",)

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            Endpoint("reports.create", changes.create, requests.CreateRequest, writes=True, reply=replies.ReportCreated),
            Endpoint("reports.update", changes.update, requests.UpdateRequest, writes=True, reply=Changed),
            Endpoint("reports.publish", changes.publish, requests.CommentRequest, writes=True, reply=Changed),
            Endpoint("reports.archive", changes.archive, requests.CommentRequest, writes=True, reply=replies.ReportArchived),
            Endpoint(
                "reports.unarchive", changes.unarchive, requests.CommentRequest, writes=True, reply=replies.ReportUnarchived
            ),
            Endpoint("reports.move", changes.move, requests.MoveReportRequest, writes=True, reply=Moved),
            Endpoint("reports.delete", changes.delete, requests.DeleteRequest, writes=True, reply=Deleted),
            Endpoint("reports.get_all_ex", reading.get_all_ex, requests.ReportsQuery, reply=replies.ReportList),
            Endpoint("reports.get_tags", reading.get_tags, Request, reply=Tags),
            Endpoint("reports.get_task_data", reading.get_task_data, requests.TaskDataQuery, reply=replies.TaskData),
        ]
