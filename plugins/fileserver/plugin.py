"""Routes of the files site. Every path and every method asks for the identity that the API asks for."""

from __future__ import annotations

import msgspec
from aiohttp import web
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import PUBLIC, USER
from trackyard.core.plugin import Plugin
from trackyard.core.routes import Route, Site, Visit
from trackyard.plugins.fileserver.downloads import download
from trackyard.plugins.fileserver.uploads import delete, delete_many, upload


class FileServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[fileserver]``: ``max_upload`` is the largest request in bytes (0: no limit)."""

    max_upload: int = 0


async def hello(visit: Visit) -> web.Response:
    """What clients ask to see whether the file server is there."""
    return web.Response(text="OK")


class FileServerPlugin(Plugin):
    """Uploads, downloads and deletions."""

    name = "fileserver"
    summary = "Uploads and downloads of models, artifacts and media"
    settings_type = FileServerSettings
    settings: FileServerSettings

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """The files site; the web site has the same under ``/files``."""
        limit = self.settings.max_upload

        async def limited_upload(visit: Visit) -> web.StreamResponse:
            return await upload(visit, limit)

        return [
            Route(Site.FILES, "GET", "/", hello, PUBLIC),
            Route(Site.FILES, "POST", "/", limited_upload, USER),
            Route(Site.FILES, "POST", "/delete_many", delete_many, USER),
            Route(Site.FILES, "GET", "/{path:.+}", download, USER),
            Route(Site.FILES, "DELETE", "/{path:.+}", delete, USER),
        ]
