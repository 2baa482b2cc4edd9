"""``trackyard agent``: run a services agent against a server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

from trackyard.agent_services.agent import Agent
from trackyard.agent_services.services_host import ServicesHost
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.cli.command import Command
from trackyard.core.client import ApiClient
from trackyard.core.kernel import load_kernel
from trackyard.core.runtimes import TaskRuntime
from trackyard.core.services.context import Provided
from trackyard.core.settings import Settings

VARIABLES = ("CLEARML_API_HOST", "CLEARML_API_ACCESS_KEY", "CLEARML_API_SECRET_KEY")


def state_folder() -> Path:
    """Where the process runtime keeps its processes."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(os.environ.get("TRACKYARD_AGENT_DIR") or Path(base) / "trackyard-agent")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``trackyard agent``."""
    parser.add_argument("--api-host", help="URL of the API site (default: $CLEARML_API_HOST)")
    parser.add_argument("--access-key", help="access key (default: $CLEARML_API_ACCESS_KEY)")
    parser.add_argument("--secret-key", help="secret key (default: $CLEARML_API_SECRET_KEY; prefer the variable)")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run an agent until SIGTERM or SIGINT; what runs in containers goes on."""
    given = (chosen.api_host, chosen.access_key, chosen.secret_key)
    for variable, value in zip(VARIABLES, given, strict=True):
        if value:
            os.environ[variable] = value
    missing = [variable for variable in VARIABLES if not os.environ.get(variable)]
    if missing:
        print(f"trackyard agent: not set: {', '.join(missing)}", file=sys.stderr)
        return 2
    plugins = load_kernel(settings).plugins
    taken = plugins.records["agent_services"].plugin
    assert taken is not None  # noqa: S101 - it offers this command
    runtimes = {runtime.name: runtime for runtime in plugins.provided("task_runtimes")}
    if taken.settings.runtime not in runtimes:
        print(
            f"trackyard agent: agent_services.runtime: found {taken.settings.runtime!r}; "
            f"expected one of {', '.join(sorted(runtimes))}",
            file=sys.stderr,
        )
        return 2
    asyncio.run(work(taken.settings, runtimes[taken.settings.runtime], plugins.provided if taken.settings.services else None))
    return 0


async def work(settings: AgentSettings, runtime: TaskRuntime, provided: Provided | None = None) -> None:
    """Run the agent until it is asked to end."""
    worker = settings.name or f"{socket.gethostname()}:services"
    url, access_key, secret_key = (os.environ[variable] for variable in VARIABLES)
    client = ApiClient(url, access_key, secret_key, worker)
    async with client:
        host = ServicesHost(client, url, provided, worker, settings.queues) if provided else None
        agent = asyncio.create_task(Agent(client, runtime, settings, worker, host).run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, agent.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await agent


COMMAND = Command("agent", "Run a services agent: every task of its queues in a container of its own", run, arguments)
