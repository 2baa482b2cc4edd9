"""Registers the local disk as a place for files: ``storage.files = "file:"`` or ``"file:///srv/files"``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trackyard.core.contracts.files import FileBackend, FileStoreError
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.storage_backends.files_local.store import LocalFiles


class LocalBackend:
    """Opens a folder; without a path it is ``files`` in the data directory."""

    schemes: tuple[str, ...] = ("file",)

    async def open(self, url: str, data_dir: Path) -> LocalFiles:
        """Make the folder and clear what a crash left half written."""
        path = unquote(urlsplit(url).path)
        store = LocalFiles(data_dir / path if path else data_dir / "files")
        try:
            await asyncio.to_thread(store.prepare)
        except OSError as error:
            raise FileStoreError(f"the folder for files {store.root} can't be used: {error.strerror}") from None
        return store


class FilesLocalPlugin(Plugin):
    """Files on the local disk."""

    name = "files-local"
    summary = "Uploaded files on the local disk"

    @hookimpl
    def trackyard_file_backends(self) -> list[FileBackend]:
        """The scheme ``file:``."""
        return [LocalBackend()]
