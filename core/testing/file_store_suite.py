"""The conformance suite of file stores. A backend passes it when its tests hold a class like this one::

    from trackyard.core.testing.file_store_suite import FileStoreSuite

    class TestMyFiles(FileStoreSuite):
        async def open_store(self, folder):
            return await MyBackend().open("mine:", folder)

``open_store`` is called again with the same folder after ``close``; what was stored must still be there.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trackyard.core.contracts.files import FileStore
from trackyard.core.paths import StoragePath, storage_path

__all__ = ["FileStoreSuite", "pieces", "read"]

PATHS = [storage_path(text) for text in ("p", "q/a", "q/b c", "q/é ☃", "r/s/t%20u", "r/s/v#w?x=y&z", "r/s/t u")]


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """Content in pieces."""
    for part in parts:
        yield part


async def read(store: FileStore, path: StoragePath, start: int = 0, end: int | None = None) -> bytes | None:
    """The content, or None when there is no such file."""
    reading = await store.open(path, start, end)
    if reading is None:
        return None
    return b"".join([piece async for piece in reading.chunks])


class FileStoreSuite:
    """Tests that every file store passes; see the module for how to run them."""

    examples = 25
    """Histories compared with the model; fewer for stores that are far away."""

    async def open_store(self, folder: Path) -> FileStore:
        """Open the store under test; its data belongs to ``folder``."""
        raise NotImplementedError

    @asynccontextmanager
    async def store(self, folder: Path) -> AsyncIterator[FileStore]:
        """An open store."""
        store = await self.open_store(folder)
        try:
            yield store
        finally:
            await store.close()

    # --- against a dictionary ---

    def test_every_history_reads_as_a_dictionary(self) -> None:
        paths = st.sampled_from(PATHS)
        step = st.one_of(
            st.tuples(st.just("put"), paths, st.binary(max_size=40)),
            st.tuples(st.just("delete"), paths, st.just(b"")),
            st.tuples(st.just("delete_tree"), st.sampled_from([*PATHS, storage_path("q"), storage_path("r")]), st.just(b"")),
            st.tuples(st.just("reopen"), paths, st.just(b"")),
        )

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(st.lists(step, max_size=12))
        def play(history: list[tuple[str, StoragePath, bytes]]) -> None:
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(self._play(Path(folder), history))

        play()

    async def _play(self, folder: Path, history: list[tuple[str, StoragePath, bytes]]) -> None:
        model: dict[str, bytes] = {}
        store = await self.open_store(folder)
        try:
            for action, path, content in history:
                if action == "reopen":
                    await store.close()
                    store = await self.open_store(folder)
                else:
                    await self._step(store, model, action, path, content)
            assert {found.path: found.size async for found in store.list()} == {key: len(value) for key, value in model.items()}
            for path in PATHS:
                assert await read(store, path) == model.get(path)
        finally:
            await store.close()

    async def _step(self, store: FileStore, model: dict[str, bytes], action: str, path: StoragePath, content: bytes) -> None:
        if action == "put":
            stored = await store.put(path, pieces(content[:7], content[7:]))
            assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
            model[path] = content
        elif action == "delete":
            assert await store.delete(path) == (path in model)
            model.pop(path, None)
        else:
            below = [key for key in model if key == path or key.startswith(f"{path}/")]
            assert await store.delete_tree(path) == len(below)
            for key in below:
                del model[key]

    # --- one behaviour each ---

    async def test_a_file_is_replaced_whole(self, tmp_path: Path) -> None:
        path = storage_path("models/net.bin")
        async with self.store(tmp_path) as store:
            first = await store.put(path, pieces(b"old" * 1000))
            second = await store.put(path, pieces(b"new"))
            assert first.etag != second.etag
            found = await store.stat(path)
            assert found is not None
            assert (found.path, found.size, found.etag) == (path, 3, second.etag)
            assert found.mtime > 1_600_000_000
            assert found.sha256 in (None, second.sha256)
            assert await store.checksum(path) == hashlib.sha256(b"new").hexdigest()

    async def test_ranges(self, tmp_path: Path) -> None:
        path = storage_path("a")
        async with self.store(tmp_path) as store:
            await store.put(path, pieces(b"0123456789"))
            for start, end, part in [(0, None, b"0123456789"), (3, None, b"3456789"), (3, 5, b"34"), (8, 99, b"89"), (4, 4, b"")]:
                assert await read(store, path, start, end) == part
            assert await read(store, path, 10) == b""
            assert await read(store, path, 99) == b""

    async def test_large_files_pass_through_in_pieces(self, tmp_path: Path) -> None:
        path = storage_path("large")
        part = bytes(range(256)) * 4096
        async with self.store(tmp_path) as store:
            stored = await store.put(path, pieces(*[part] * 12))
            assert stored.size == 12 * len(part)
            reading = await store.open(path)
            assert reading is not None
            sizes = []
            digest = hashlib.sha256()
            async for piece in reading.chunks:
                sizes.append(len(piece))
                digest.update(piece)
            assert max(sizes) < stored.size
            assert digest.hexdigest() == stored.sha256

    async def test_a_failed_upload_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = storage_path("a/b")

        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * 100_000
            raise RuntimeError("the client went away")

        async with self.store(tmp_path) as store:
            with pytest.raises(RuntimeError, match="went away"):
                await store.put(path, broken())
            assert await store.stat(path) is None
            await store.put(path, pieces(b"old"))
            with pytest.raises(RuntimeError, match="went away"):
                await store.put(path, broken())
            assert await read(store, path) == b"old"
            assert [found.path async for found in store.list()] == [path]

    async def test_what_is_missing_is_no_error(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            await store.put(storage_path("folder/file"), pieces(b"x"))
            for path in (storage_path("none"), storage_path("folder"), storage_path("folder/none")):
                assert await store.open(path) is None
                assert await store.stat(path) is None
                assert await store.checksum(path) is None
                assert await store.delete(path) is False
            assert await store.delete_tree(storage_path("none")) == 0

    async def test_listing_a_folder(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            for text in ("b/2", "b/1/x", "bc", "a"):
                await store.put(storage_path(text), pieces(text.encode()))
            assert [found.path async for found in store.list()] == ["a", "b/1/x", "b/2", "bc"]
            assert [found.path async for found in store.list(storage_path("b"))] == ["b/1/x", "b/2"]

    async def test_an_open_reading_goes_on_with_its_content(self, tmp_path: Path) -> None:
        path = storage_path("a")
        async with self.store(tmp_path) as store:
            await store.put(path, pieces(b"old"))
            reading = await store.open(path)
            assert reading is not None
            await store.put(path, pieces(b"new content"))
            assert b"".join([piece async for piece in reading.chunks]) == b"old"

    async def test_it_is_ready_and_says_what_is_free(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            await store.ready()
            free = await store.free_space()
            assert free is None or free > 0
