"""The whole server inside the test's own process: with sockets (`serving_kernel`) or without (`running_kernel`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import aiohttp
from trackyard.core.identity import SYSTEM, Identity
from trackyard.core.kernel import Kernel, load_kernel
from trackyard.core.plugin import Plugin
from trackyard.core.plugins import GROUP
from trackyard.core.settings import Settings
from trackyard.core.sites.server import serving
from trackyard.core.testing import postgresql
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, ADMIN_PASSWORD, SECRET_KEY

ENVIRONMENT = {
    "TRACKYARD_ACCESS_KEY": ACCESS_KEY,
    "TRACKYARD_SECRET_KEY": SECRET_KEY,
    "TRACKYARD_ADMIN_PASSWORD": ADMIN_PASSWORD,
}
"""What every kernel of a test is started with; `Api` shows the same credentials."""

ADMIN = Identity(user="__tests__", name="tests", role="admin")
"""An administrator that calls from inside the process."""

__all__ = ["ADMIN", "ENVIRONMENT", "SYSTEM", "make_kernel", "plugin_entry", "running_kernel", "serving_kernel"]


def plugin_entry(kind: type[Plugin]) -> EntryPoint:
    """An entry point for a plugin class at the top level of a module, as a package of its own would have one."""
    return EntryPoint(kind.name, f"{kind.__module__}:{kind.__qualname__}", GROUP)


def make_kernel(
    folder: Path, config: str = "", plugins: Sequence[type[Plugin] | EntryPoint] = (), environ: Mapping[str, str] | None = None
) -> Kernel:
    """A kernel with its plugins loaded, nothing opened yet. Reads and writes files: call it in a thread.

    ``config`` is the text of ``plugins.toml``, ``plugins`` come beside the installed ones, ``environ`` beside `ENVIRONMENT`.
    The data lives in ``folder/data``; ports are free ones.
    """
    data_dir = folder / "data"
    data_dir.mkdir(parents=True, exist_ok=True)
    path = folder / "plugins.toml"
    path.write_text(config)
    ports = {f"server.{site}_port": 0 for site in ("api", "web", "files")}
    settings = Settings(
        path, environ={**ENVIRONMENT, **postgresql.environment(folder, config), **(environ or {})}, flags=ports, data_dir=data_dir
    )
    more = [plugin if isinstance(plugin, EntryPoint) else plugin_entry(plugin) for plugin in plugins]
    # a package under test may be installed, too: its own entry point is the same plugin
    same = {(entry.name, entry.value) for entry in more}
    installed = [entry for entry in entry_points(group=GROUP) if (entry.name, entry.value) not in same]
    return load_kernel(settings, [*installed, *more])


@asynccontextmanager
async def running_kernel(
    folder: Path, config: str = "", plugins: Sequence[type[Plugin] | EntryPoint] = (), environ: Mapping[str, str] | None = None
) -> AsyncIterator[Kernel]:
    """An open kernel without sockets; call endpoints with ``await kernel.call(name, body, ADMIN)``. See `make_kernel`."""
    kernel = await asyncio.to_thread(make_kernel, folder, config, plugins, environ)
    try:
        await kernel.open()
        yield kernel
    finally:
        await kernel.close()


@asynccontextmanager
async def serving_kernel(
    folder: Path, config: str = "", plugins: Sequence[type[Plugin] | EntryPoint] = (), environ: Mapping[str, str] | None = None
) -> AsyncIterator[Api]:
    """A kernel that listens on loopback ports, and a client with the administrator's credentials. See `make_kernel`."""
    kernel = await asyncio.to_thread(make_kernel, folder, config, plugins, environ)
    async with serving(kernel) as ports, aiohttp.ClientSession() as session:
        yield Api(session, {site: f"http://127.0.0.1:{port}" for site, port in ports.items()}, kernel)
