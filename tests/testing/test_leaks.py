"""The checks for leaks find leaks."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from blockbuster import BlockingError
from trackyard.core.testing import leaks


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "DEADLINE", 0.0)


def test_open_socket_is_found() -> None:
    """A socket that stays open is named."""
    held: list[socket.socket] = []
    with pytest.raises(AssertionError, match="left open: socket"), leaks.no_leaked_resources():
        held.append(socket.socket())
    held.pop().close()


def test_open_file_is_found(tmp_path: Path) -> None:
    """A file that stays open is named by its path."""
    with pytest.raises(AssertionError, match=r"kept\.txt"), leaks.no_leaked_resources():
        file = (tmp_path / "kept.txt").open("w")
    file.close()


def test_running_thread_is_found() -> None:
    """A thread that still runs is named."""
    release = threading.Event()
    with pytest.raises(AssertionError, match="thread lingering"), leaks.no_leaked_resources():
        thread = threading.Thread(target=release.wait, name="lingering")
        thread.start()
    release.set()
    thread.join()


async def test_running_task_is_found() -> None:
    """An asyncio task that still runs is named."""
    release = asyncio.Event()
    with pytest.raises(AssertionError, match="still running: lingering"):
        async with leaks.no_leaked_tasks():
            task = asyncio.create_task(release.wait(), name="lingering")
    release.set()
    await task


async def test_clean_block_leaves_no_task() -> None:
    """A task that ended in time is no leak."""
    async with leaks.no_leaked_tasks():
        await asyncio.create_task(asyncio.sleep(0))


def test_clean_block_leaves_nothing_open() -> None:
    """What was closed in time is no leak."""
    with leaks.no_leaked_resources(), socket.socket():
        pass


async def test_blocking_call_is_found() -> None:
    """Code of ours that opens a file on the event loop fails the test (the fixture is active in every async test)."""
    with pytest.raises(BlockingError):
        leaks.open_files()
    assert await asyncio.to_thread(leaks.open_files) is not None
