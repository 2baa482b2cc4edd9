"""``trackyard serve``: one process that answers the API, the web site and the files."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from typing import Any

from trackyard.core.cli.command import Command
from trackyard.core.kernel import Kernel, load_kernel
from trackyard.core.plugins import PluginsSettings
from trackyard.core.server_settings import ServerSettings, StorageSettings
from trackyard.core.settings import Settings
from trackyard.core.sites.applications import UndeclaredRoute
from trackyard.core.sites.server import PortTaken, serve

FLAGS = ("host", "api_port", "web_port", "files_port")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``trackyard serve``."""
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--api-port", type=int, help="port of the API (default: 8008)")
    parser.add_argument("--web-port", type=int, help="port of the web site, which also carries /api and /files (default: 8080)")
    parser.add_argument("--files-port", type=int, help="port of the files (default: 8081)")


def flags(chosen: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given as flags."""
    return {f"server.{name}": getattr(chosen, name, None) for name in FLAGS}


def declare_tables(settings: Settings) -> None:
    """Take the kernel's own tables, so that their mistakes are told and their origins known."""
    settings.take("server", ServerSettings)
    settings.take("storage", StorageSettings)
    settings.take("plugins", PluginsSettings)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Serve until the end is asked for."""
    kernel = load_kernel(settings)
    kernel.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _use_fast_loop()
    try:
        asyncio.run(serve(kernel, announce))
    except (PortTaken, UndeclaredRoute) as error:
        print(f"trackyard: {error}", file=sys.stderr)
        return 1
    return 0


def _use_fast_loop() -> None:
    """Use uvloop where it is installed (extra ``speed``)."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def urls(kernel: Kernel) -> dict[str, str]:
    """Where each site is reached from outside: the public URL if set, else host and port."""
    server = kernel.server
    host = "127.0.0.1" if server.host in ("0.0.0.0", "::") else server.host  # noqa: S104 - not bound here
    return {
        name: getattr(server, f"public_{name}") or f"http://{host}:{kernel.ports.get(name, getattr(server, f'{name}_port'))}"
        for name in ("api", "web", "files")
    }


def announce(kernel: Kernel) -> None:
    """Tell where to open the web site and how to point the SDK at the server."""
    seen = urls(kernel)
    print(f"Trackyard is ready: {seen['web']}{kernel.server.path_prefix}", flush=True)
    print(f"  CLEARML_API_HOST={seen['api']}\n  CLEARML_WEB_HOST={seen['web']}\n  CLEARML_FILES_HOST={seen['files']}", flush=True)
    for record in kernel.plugins.failed():
        print(f"  plugin {record.name} failed at {record.error}", flush=True)


COMMANDS = [Command("serve", "Serve the API, the web site and the files", run, arguments)]
