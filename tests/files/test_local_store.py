"""The local disk passes the conformance suite of file stores."""

from pathlib import Path

from trackyard.core.contracts.files import FileStore
from trackyard.core.testing.file_store_suite import FileStoreSuite
from trackyard.storage_backends.files_local.plugin import LocalBackend


class TestLocalFiles(FileStoreSuite):
    async def open_store(self, folder: Path) -> FileStore:
        return await LocalBackend().open("file:", folder)
