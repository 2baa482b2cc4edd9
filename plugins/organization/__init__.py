"""What concerns all projects: tags, counts, downloads of lists."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.replies import Tags
from trackyard.core.protocol.requests import Request, TagsRequest
from trackyard.plugins.organization import downloads, reading, requests


class OrganizationPlugin(Plugin):
    """The service ``organization``."""

    name = "organization"
    summary = "What concerns all projects: tags, counts, downloads of lists"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            Endpoint("organization.get_tags", reading.get_tags, TagsRequest, reply=Tags),
            Endpoint("organization.get_entities_count", reading.get_entities_count, requests.CountRequest, reply=dict[str, int]),
            Endpoint("organization.get_user_companies", reading.get_user_companies, Request),
            Endpoint("organization.prepare_download_for_get_all", downloads.prepare, requests.PrepareRequest),
            Endpoint("organization.download_for_get_all", downloads.download, requests.DownloadRequest, raw_reply=True),
        ]
