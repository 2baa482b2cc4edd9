"""A bucket of files. The object store itself replaces whole objects, and keeps what it acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore
from trackyard.core.contracts.files import FileStoreError, Reading, StoredFile
from trackyard.core.paths import StoragePath

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta  # exist for type checkers only

__all__ = ["ObjectFiles"]

T = TypeVar("T")

PIECE = 1 << 20
"""Least bytes of a piece that is read."""

PART = 8 << 20
"""Bytes of a part of a large upload; a few of them are in memory at once."""

AT_ONCE = 4
DELETE_AT_ONCE = 500
PROBE = StoragePath(".trackyard/probe")


class ObjectFiles:
    """The objects below a prefix. See `trackyard.core.contracts.files.FileStore` for what holds."""

    def __init__(self, client: ObjectStore) -> None:
        """Nothing is asked yet."""
        self._client = client

    async def put(self, path: StoragePath, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Upload an object in parts; it comes into being when the last part is there."""
        source = _Source(chunks)
        try:
            await _asked(obstore.put_async(self._client, path, source.pieces(), chunk_size=PART, max_concurrency=AT_ONCE))
        except Exception:
            if source.error is not None:
                raise source.error from None
            raise
        stored = await self.stat(path)
        if stored is None:
            raise FileStoreError(f"the object {path} vanished after its upload")
        return StoredFile(path, stored.size, stored.mtime, stored.etag, source.digest.hexdigest())

    async def open(self, path: StoragePath, start: int = 0, end: int | None = None) -> Reading | None:
        """Read bytes ``start`` to ``end``."""
        if (start, end) == (0, None):
            result = await self._get(path, None)
            return None if result is None else Reading(_stored(path, result.meta), _pieces(result))
        stored = await self.stat(path)
        if stored is None:
            return None
        until = stored.size if end is None else min(end, stored.size)
        result = await self._get(path, (start, until)) if start < until else None
        return Reading(stored, _nothing() if result is None else _pieces(result))

    async def stat(self, path: StoragePath) -> StoredFile | None:
        """What is stored under the path."""
        meta = await _found(obstore.head_async(self._client, path))
        return None if meta is None else _stored(path, meta)

    async def delete(self, path: StoragePath) -> bool:
        """Remove an object."""
        if await self.stat(path) is None:
            return False
        await _asked(obstore.delete_async(self._client, path))
        return True

    async def delete_tree(self, path: StoragePath) -> int:
        """Remove everything at or below the path."""
        paths = [stored.path async for stored in self.list(path)]
        for first in range(0, len(paths), DELETE_AT_ONCE):
            await _asked(obstore.delete_async(self._client, paths[first : first + DELETE_AT_ONCE]))
        return len(paths)

    async def list(self, prefix: StoragePath | None = None) -> AsyncIterator[StoredFile]:
        """Every object at or below ``prefix``, in the order of the store, which is that of paths."""
        itself = await self.stat(prefix) if prefix is not None else None
        if itself is not None:
            yield itself
        try:
            async for part in obstore.list(self._client, prefix):
                for meta in part:
                    if meta["path"] != prefix:
                        yield _stored(StoragePath(meta["path"]), meta)
        except BaseError as error:
            raise _failure(error) from error

    async def checksum(self, path: StoragePath) -> str | None:
        """SHA-256 of the content as it is now."""
        reading = await self.open(path)
        if reading is None:
            return None
        digest = hashlib.sha256()
        async for piece in reading.chunks:
            digest.update(piece)
        return digest.hexdigest()

    async def free_space(self) -> int | None:
        """There is no limit."""
        return None

    async def ready(self) -> None:
        """Ask for an object that is not there: that needs the bucket and the credentials."""
        await _found(obstore.head_async(self._client, PROBE))

    async def close(self) -> None:
        """Nothing is held but connections that close by themselves."""

    async def _get(self, path: StoragePath, part: tuple[int, int] | None) -> GetResult | None:
        return await _found(obstore.get_async(self._client, path, options=None if part is None else {"range": part}))


class _Source:
    """The pieces of an upload on their way; remembers their digest, and the error that ended them, which the library turns
    into one of its own."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.digest = hashlib.sha256()
        self.error: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._chunks:
                self.digest.update(piece)
                yield piece
        except Exception as error:  # passed on by `put`
            self.error = error
            raise


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except BaseError as error:
        raise _failure(error) from error


async def _found(answer: Awaitable[T]) -> T | None:
    """The answer, or None when the object does not exist."""
    try:
        return await _asked(answer)
    except FileNotFoundError:
        return None


def _failure(error: BaseError) -> FileStoreError:
    return FileStoreError(f"the object store failed: {str(error).splitlines()[0]}")


def _stored(path: StoragePath, meta: ObjectMeta) -> StoredFile:
    etag = (meta["e_tag"] or f"{meta['last_modified'].timestamp():.6f}-{meta['size']}").strip('"')
    return StoredFile(path, meta["size"], meta["last_modified"].timestamp(), etag)


async def _pieces(result: GetResult) -> AsyncIterator[bytes]:
    try:
        async for piece in result.stream(min_chunk_size=PIECE):
            yield bytes(piece)
    except BaseError as error:
        raise _failure(error) from error


async def _nothing() -> AsyncIterator[bytes]:
    for piece in list[bytes]():
        yield piece
