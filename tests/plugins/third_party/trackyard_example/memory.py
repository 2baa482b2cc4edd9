"""A file store that keeps everything in memory."""

import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from trackyard.core.contracts.files import Reading, StoredFile
from trackyard.core.paths import StoragePath


class MemoryFiles:
    """Files by path; they are gone when the server ends."""

    def __init__(self) -> None:
        """Nothing is stored."""
        self._files: dict[StoragePath, tuple[StoredFile, bytes]] = {}

    async def put(self, path: StoragePath, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Keep a file."""
        content = b"".join([chunk async for chunk in chunks])
        digest = hashlib.sha256(content).hexdigest()
        stored = StoredFile(path, len(content), time.time(), digest, digest)
        self._files[path] = (stored, content)
        return stored

    async def open(self, path: StoragePath, start: int = 0, end: int | None = None) -> Reading | None:
        """Read a part of a file."""
        if path not in self._files:
            return None
        stored, content = self._files[path]

        async def chunks() -> AsyncIterator[bytes]:
            yield content[start:end]

        return Reading(stored, chunks())

    async def stat(self, path: StoragePath) -> StoredFile | None:
        """What is known of a file."""
        return self._files[path][0] if path in self._files else None

    async def delete(self, path: StoragePath) -> bool:
        """Forget a file."""
        return self._files.pop(path, None) is not None

    async def delete_tree(self, path: StoragePath) -> int:
        """Forget every file at and below a path."""
        gone = [name for name in self._files if name == path or name.startswith(f"{path}/")]
        for name in gone:
            del self._files[name]
        return len(gone)

    async def list(self, prefix: StoragePath | None = None) -> AsyncIterator[StoredFile]:
        """Every file at and below a path."""
        for name in sorted(self._files):
            if prefix is None or name == prefix or name.startswith(f"{prefix}/"):
                yield self._files[name][0]

    async def checksum(self, path: StoragePath) -> str | None:
        """The SHA-256 of a file."""
        return self._files[path][0].sha256 if path in self._files else None

    async def free_space(self) -> int | None:
        """There is no limit."""
        return None

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        """Nothing is held."""


class MemoryBackend:
    """Opens such a store for ``memory:``."""

    schemes = ("memory",)

    async def open(self, url: str, data_dir: Path) -> MemoryFiles:
        """A new store."""
        return MemoryFiles()
