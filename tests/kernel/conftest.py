"""A kernel of plugins made for the tests, in the process and over HTTP."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import EntryPoint
from pathlib import Path

import aiohttp
import pytest
from trackyard.core.kernel import Kernel, load_kernel
from trackyard.core.settings import Settings
from trackyard.core.sites.server import serving

from tests.kernel.plugins_for_tests import entries

Open = Callable[..., Kernel]
AsyncOpen = Callable[..., Awaitable[Kernel]]
Served = Callable[[Kernel], AbstractAsyncContextManager[aiohttp.ClientSession]]


@pytest.fixture
def make(tmp_path: Path) -> Open:
    """``make(*names, text="")`` loads a kernel with the stores and the plugins named, on free ports."""

    def load(*names: str, text: str = "", extra: list[EntryPoint] | None = None) -> Kernel:
        path = tmp_path / "plugins.toml"
        path.write_text(text)
        ports = {f"server.{site}_port": 0 for site in ("api", "web", "files")}
        settings = Settings(path, {}, ports, data_dir=tmp_path)
        return load_kernel(settings, [*entries("stores", *names), *(extra or [])])

    return load


@pytest.fixture
def amake(make: Open) -> AsyncOpen:
    """As ``make``, for tests on an event loop: plugins are loaded before a loop runs, so here in a thread."""
    return functools.partial(asyncio.to_thread, make)


@pytest.fixture
def served() -> Served:
    """``async with served(kernel) as session``: the kernel listens; the session's base is the API site."""

    @contextlib.asynccontextmanager
    async def run(kernel: Kernel) -> AsyncIterator[aiohttp.ClientSession]:
        async with serving(kernel) as ports, aiohttp.ClientSession(f"http://127.0.0.1:{ports['api']}") as session:
            yield session

    return run
