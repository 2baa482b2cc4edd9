"""A folder of files: written under a temporary name, synced, renamed; read in pieces; memory stays flat."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import TypeVar

from trackyard.core.contracts.files import FileStoreError, FileStoreFullError, Reading, StoredFile
from trackyard.core.paths import RESERVED_SEGMENT, PathError, StoragePath, resolve

T = TypeVar("T")
PIECE = 2**20
"""Bytes that go to or from the disk with one hop to a thread."""

THREADS = 8
ATTRIBUTE = "user.trackyard.sha256"
FULL = (errno.ENOSPC, errno.EDQUOT)
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)


class LocalFiles:
    """The files below one folder. See `trackyard.core.contracts.files.FileStore` for what holds."""

    def __init__(self, root: Path) -> None:
        """Nothing is opened yet."""
        self.root = root
        self._temporary = root / RESERVED_SEGMENT
        self._threads = ThreadPoolExecutor(THREADS, "files")

    def prepare(self) -> None:
        """Make the folder; remove temporary files of an earlier process."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir()

    async def put(self, path: StoragePath, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store a file from its pieces."""
        temporary = self._temporary / secrets.token_hex(16)
        digest = hashlib.sha256()
        file = await self._do(lambda: temporary.open("xb", buffering=0))
        try:
            async for piece in _pieces(chunks):
                await self._do(lambda data=piece: _write(file, digest, data))  # type: ignore[misc]
            return await self._do(lambda: self._finish(file, temporary, path, digest.hexdigest()))
        finally:
            # also after a cancellation, which must not leave half a file behind
            await asyncio.shield(self._do(lambda: _discard(file, temporary)))

    async def open(self, path: StoragePath, start: int = 0, end: int | None = None) -> Reading | None:
        """Read bytes ``start`` to ``end``."""
        opened = await self._do(lambda: self._open(path))
        if opened is None:
            return None
        file, stored = opened
        until = stored.size if end is None else min(end, stored.size)
        return Reading(stored, self._read(file, start, until))

    async def stat(self, path: StoragePath) -> StoredFile | None:
        """What is stored under the path."""
        return await self._do(lambda: self._stat(path))

    async def delete(self, path: StoragePath) -> bool:
        """Remove a file."""
        return await self._do(lambda: self._delete(path))

    async def delete_tree(self, path: StoragePath) -> int:
        """Remove a folder or file and everything below."""
        return await self._do(lambda: self._delete_tree(path))

    async def list(self, prefix: StoragePath | None = None) -> AsyncIterator[StoredFile]:
        """Every file at or below ``prefix``, ordered by path."""
        paths = await self._do(lambda: sorted(self._walk(prefix)))
        for path in paths:
            stored = await self.stat(path)
            if stored is not None:
                yield stored

    async def checksum(self, path: StoragePath) -> str | None:
        """SHA-256 of the content as it is now."""
        return await self._do(lambda: self._checksum(path))

    async def free_space(self) -> int | None:
        """Bytes free on the disk."""
        return await self._do(lambda: shutil.disk_usage(self.root).free)

    async def ready(self) -> None:
        """Write and sync a small file."""

        def probe() -> None:
            path = self._temporary / secrets.token_hex(16)
            try:
                path.write_bytes(b"ready")
            finally:
                path.unlink(missing_ok=True)

        await self._do(probe)

    async def close(self) -> None:
        """Wait for what is being written, and end the threads."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except PathError as error:
            raise FileStoreError(str(error)) from None
        except OSError as error:
            if error.errno in FULL:
                raise FileStoreFullError("no space is left on the disk for files") from error
            raise FileStoreError(f"the disk for files failed: {error.strerror}") from error

    async def _read(self, file: FileIO, start: int, end: int) -> AsyncIterator[bytes]:
        try:
            await self._do(lambda: file.seek(start))
            place = start
            while place < end:
                piece = await self._do(lambda size=min(PIECE, end - place): file.read(size))  # type: ignore[misc]
                if not piece:
                    return
                place += len(piece)
                yield piece
        finally:
            await asyncio.shield(self._do(file.close))

    def _finish(self, file: FileIO, temporary: Path, path: StoragePath, digest: str) -> StoredFile:
        with contextlib.suppress(OSError):
            # not every file system keeps attributes; `checksum` reads the content then
            os.setxattr(file.fileno(), ATTRIBUTE, digest.encode())
        os.fsync(file.fileno())
        target = self._replace(temporary, path)
        _sync_folders(target.parent, self.root)
        return _stored(path, target.stat(), digest)

    def _replace(self, temporary: Path, path: StoragePath) -> Path:
        target = resolve(self.root, path)
        for attempt in range(10):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(target)
            except FileNotFoundError:
                # the folder vanished, because its last file was deleted at the same time
                if attempt == 9 or not temporary.exists():
                    raise
                time.sleep(0.001)
            else:
                break
        return target

    def _open(self, path: StoragePath) -> tuple[FileIO, StoredFile] | None:
        try:
            number = os.open(resolve(self.root, path), os.O_RDONLY | os.O_NOFOLLOW)
        except PathError:
            return None  # a planted link: what it leads to is not stored here
        except OSError as error:
            if error.errno in NO_FILE or error.errno == errno.ELOOP:
                return None
            raise
        status = os.fstat(number)
        if not _is_file(status):
            os.close(number)
            return None
        return FileIO(number, "rb"), _stored(path, status, _digest(number))

    def _stat(self, path: StoragePath) -> StoredFile | None:
        opened = self._open(path)
        if opened is None:
            return None
        opened[0].close()
        return opened[1]

    def _delete(self, path: StoragePath) -> bool:
        target = resolve(self.root, path)
        try:
            target.unlink()
        except OSError as error:
            if error.errno in (*NO_FILE, errno.EPERM) and not target.is_file():
                return False
            raise
        self._remove_empty(target.parent)
        return True

    def _delete_tree(self, path: StoragePath) -> int:
        count = sum(self._delete(found) for found in list(self._walk(path)))
        with contextlib.suppress(OSError):
            shutil.rmtree(resolve(self.root, path))
            self._remove_empty(resolve(self.root, path).parent)
        return count

    def _walk(self, prefix: StoragePath | None) -> Iterator[StoragePath]:
        top = self.root if prefix is None else resolve(self.root, prefix)
        if prefix is not None and top.is_file() and not top.is_symlink():
            yield prefix
        for folder, below, names in os.walk(top):
            if Path(folder) == self.root:
                below[:] = [name for name in below if name != RESERVED_SEGMENT]
            for name in names:
                yield StoragePath(str((Path(folder) / name).relative_to(self.root)))

    def _remove_empty(self, folder: Path) -> None:
        """Remove a folder and those above it as far as they are empty; make it durable where it ends."""
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                break
            folder = folder.parent
        with contextlib.suppress(FileNotFoundError):
            _sync(folder)

    def _checksum(self, path: StoragePath) -> str | None:
        opened = self._open(path)
        if opened is None:
            return None
        with opened[0] as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in larger pieces, so that there is a hop to a thread for each MiB, not for each packet."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def _write(file: FileIO, digest: hashlib._Hash, data: bytes) -> None:
    digest.update(data)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _discard(file: FileIO, temporary: Path) -> None:
    file.close()
    temporary.unlink(missing_ok=True)


def _is_file(status: os.stat_result) -> bool:
    return (status.st_mode & 0o170000) == 0o100000


def _digest(number: int) -> str | None:
    try:
        return os.getxattr(number, ATTRIBUTE).decode()
    except OSError:
        return None


def _stored(path: StoragePath, status: os.stat_result, digest: str | None) -> StoredFile:
    etag = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    return StoredFile(path, status.st_size, status.st_mtime, etag, digest)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sync_folders(folder: Path, root: Path) -> None:
    """Sync a folder and those above it to the root: any of them may be new."""
    while True:
        _sync(folder)
        if folder == root:
            return
        folder = folder.parent
