"""The contract of file storage: what the file server keeps under names that clients choose.

A *path* is what :func:`trackyard.core.paths.storage_path` returned for a user's text: relative, ``/``-separated, already
checked. No method takes anything else, and none checks again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trackyard.core.paths import StoragePath

__all__ = ["FileBackend", "FileStore", "FileStoreError", "FileStoreFullError", "Reading", "StoredFile"]


class FileStoreError(Exception):
    """The store could not do what was asked; the message is fit for the log."""


class FileStoreFullError(FileStoreError):
    """No space is left; nothing was changed."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file: ``size`` in bytes, ``mtime`` in seconds since 1970, ``etag`` changes whenever the content does.

    ``sha256`` is lower hex; None when the backend does not know it without reading the file (see :meth:`FileStore.checksum`).
    """

    path: StoragePath
    size: int
    mtime: float
    etag: str
    sha256: str | None = None


@dataclass(slots=True)
class Reading:
    """An open file: what it is, and its bytes in pieces. The pieces must be read to the end or the iterator closed."""

    file: StoredFile
    chunks: AsyncIterator[bytes]


class FileStore(Protocol):
    """Keeps files. Safe to use from many tasks of one event loop at once; nothing blocks the loop; memory stays flat.

    **Atomicity.** :meth:`put` replaces a file whole: readers see the old content or the new one, never a mixture, and a
    failed, cancelled or killed put leaves the old one.
    **Durability.** What :meth:`put`, :meth:`delete` and :meth:`delete_tree` did survives a crash of the machine.
    **Concurrency.** Of two puts of one path at once the one that ends later stays. An open reading goes on with the content
    it was opened on.
    **Errors.** :class:`FileStoreFullError` when space is out, :class:`FileStoreError` for the rest (for example a path whose
    parent is a file). A missing file is ``None`` or ``False``, never an exception.
    """

    async def put(self, path: StoragePath, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store a file from its pieces; parents come into being. An exception of ``chunks`` is passed on and nothing stored."""
        ...

    async def open(self, path: StoragePath, start: int = 0, end: int | None = None) -> Reading | None:
        """Read bytes ``start`` to ``end`` (exclusive; None: to the end); None when there is no such file.

        ``start`` beyond the end gives no bytes.
        """
        ...

    async def stat(self, path: StoragePath) -> StoredFile | None:
        """What is stored under the path; None when nothing is, or when it is a folder."""
        ...

    async def delete(self, path: StoragePath) -> bool:
        """Remove a file; False when there is none. A folder is not a file. Folders that become empty vanish."""
        ...

    async def delete_tree(self, path: StoragePath) -> int:
        """Remove the folder (or file) and everything below; the number of files removed."""
        ...

    def list(self, prefix: StoragePath | None = None) -> AsyncIterator[StoredFile]:
        """Every file at or below the folder ``prefix`` (None: all), ordered by path."""
        ...

    async def checksum(self, path: StoragePath) -> str | None:
        """SHA-256 of the content as it is now, lower hex, by reading it; None when there is no such file."""
        ...

    async def free_space(self) -> int | None:
        """Bytes that can still be stored; None when the backend has no such limit."""
        ...

    async def ready(self) -> None:
        """Return when the store can take and answer; raise :class:`FileStoreError` saying why when it cannot."""
        ...

    async def close(self) -> None:
        """Release what is held. Idempotent."""
        ...


class FileBackend(Protocol):
    """Opens file stores; registered by the hook ``trackyard_file_backends``.

    ``schemes`` are the URL schemes that it answers for, for example ``("file",)`` or ``("s3", "s3a")``.
    """

    schemes: tuple[str, ...]

    async def open(self, url: str, data_dir: Path) -> FileStore:
        """Open or create the store. ``data_dir`` is the server's data directory, against which relative URLs are read.

        :raises FileStoreError: it cannot be opened; the message says why and what to do.
        """
        ...
