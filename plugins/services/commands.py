"""``trackyard services``: list, show, start, stop and run services of a server; the flags come from their settings."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from trackyard.core.cli.command import Command
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.kernel import load_kernel
from trackyard.core.services.context import Provided
from trackyard.core.services.running import run_service
from trackyard.core.settings import Settings

VARIABLES = ("CLEARML_API_HOST", "CLEARML_API_ACCESS_KEY", "CLEARML_API_SECRET_KEY")
LOCAL_QUEUE = "services-run"
"""Services that ``run`` hosts itself pass through this queue, to which no other host listens."""
Work = Callable[[ApiClient], Awaitable[int]]


def with_server(work: Work) -> int:
    """Call a server: where it is and who calls is told by the same variables as for the SDK."""
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        return _fail(f"not set: {', '.join(missing)}")

    async def run() -> int:
        url, access_key, secret_key = (os.environ[name] for name in VARIABLES)
        async with ApiClient(url, access_key, secret_key, f"{socket.gethostname()}:cli") as client:
            return await work(client)

    try:
        return asyncio.run(run())
    except CallFailed as error:
        return _fail(str(error), 1)


def _fail(message: str, code: int = 2) -> int:
    print(f"trackyard services: {message}", file=sys.stderr)
    return code


async def _services(client: ApiClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.call("services.get_all"))["services"]
    return found


def list_services(chosen: argparse.Namespace, settings: Settings) -> int:
    """One line for each service, and one for each task that runs it."""

    async def work(client: ApiClient) -> int:
        for service in await _services(client):
            print(f"{service['name']:<20} {service['summary']}")
            for task in service["tasks"]:
                state = task["state"] if task["hosted"] else task["status"]
                next_run = f", next run {task['next_run']}" if task["next_run"] else ""
                print(f"  {task['task']} {state:<12} {task['runs']} runs{next_run}  {task['error']}".rstrip())
        return 0

    return with_server(work)


def show(chosen: argparse.Namespace, settings: Settings) -> int:
    """The settings of a service and how its tasks stand."""

    async def work(client: ApiClient) -> int:
        found = next((item for item in await _services(client) if item["name"] == chosen.name), None)
        if found is None:
            return _fail(f"the server has no service {chosen.name}; see trackyard services list")
        print(f"{found['name']}: {found['summary']}")
        for field in found["settings"]:
            print(f"  --{_flag(field['name'])} {field['default'] or '(empty)'}    {field['help']}".rstrip())
        for task in found["tasks"]:
            print("  " + ", ".join(f"{key} {value}" for key, value in task.items() if value not in ("", None)))
        return 0

    return with_server(work)


def _flag(name: str) -> str:
    return name.replace("_", "-")


def setting_parser(fields: list[dict[str, Any]], program: str) -> argparse.ArgumentParser:
    """A parser with one flag for each setting of a service, as ``services.get_all`` tells them."""
    parser = argparse.ArgumentParser(program, allow_abbrev=False)
    parser.add_argument("--title", default="", help="the name of the new task")
    for field in fields:
        choices = ["true", "false"] if field["kind"] == "switch" else field["choices"] or None
        told = f"{field['help']} (default: {field['default'] or 'empty'})".strip().replace("%", "%%")
        parser.add_argument(f"--{_flag(field['name'])}", dest=f"setting {field['name']}", choices=choices, help=told)
    return parser


async def _started(client: ApiClient, name: str, rest: list[str], **more: str) -> str:
    found = next((item for item in await _services(client) if item["name"] == name), None)
    if found is None:
        raise SystemExit(_fail(f"the server has no service {name}; see trackyard services list"))
    chosen = vars(setting_parser(found["settings"], f"trackyard services start {name}").parse_args(rest))
    given = {key.partition(" ")[2]: value for key, value in chosen.items() if key.startswith("setting ") and value is not None}
    body = {"name": name, "title": chosen["title"], "settings": given, **more}
    return str((await client.call("services.start", body))["task"])


def start(chosen: argparse.Namespace, settings: Settings) -> int:
    """Start a service on the server; its task's id is printed."""

    async def work(client: ApiClient) -> int:
        print(await _started(client, chosen.name, chosen.settings))
        return 0

    return with_server(work)


def stop(chosen: argparse.Namespace, settings: Settings) -> int:
    """Stop the service of a task."""

    async def work(client: ApiClient) -> int:
        await client.call("services.stop", {"task": chosen.task})
        return 0

    return with_server(work)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run a service in this process until it ends or is interrupted."""
    provided = load_kernel(settings).plugins.provided

    async def work(client: ApiClient) -> int:
        task = await _started(client, chosen.name, chosen.settings, queue=LOCAL_QUEUE)
        print(f"task {task}", flush=True)
        worker = f"{socket.gethostname()}:run"
        await client.call("services.take", {"worker": worker, "task": task, "queues": [LOCAL_QUEUE]})
        return await _hosted(client, provided, task)

    return with_server(work)


def host(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run the service of the task that an agent launched (``CLEARML_TASK_ID``)."""
    provided = load_kernel(settings).plugins.provided
    return with_server(lambda client: _hosted(client, provided, os.environ.get("CLEARML_TASK_ID", "")))


async def _hosted(client: ApiClient, provided: Provided, task: str) -> int:
    """Run it; SIGTERM and SIGINT ask it to stop as a user would."""
    loop, asked = asyncio.get_running_loop(), set()

    def stop_asked() -> None:
        asked.add(loop.create_task(client.call("services.stop", {"task": task})))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_asked)
    await run_service(client, client.url, provided, task)
    found = (await client.call("tasks.get_all", {"id": [task], "only_fields": ["status"], "search_hidden": True}))["tasks"]
    status = found[0]["status"] if found else "deleted"
    print(f"{task} {status}")
    return 0 if status in ("completed", "stopped") else 1


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the service's name")


def _name_and_settings(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    told = "settings as flags, such as --days 7; --help after NAME tells which"
    parser.add_argument("settings", nargs=argparse.REMAINDER, metavar="SETTINGS", help=told)


def _task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="the id of the service's task")


COMMANDS = [
    Command("services list", "List the automation services of a server and how they stand", list_services),
    Command("services show", "Show one service: its settings and its tasks", show, _name),
    Command("services start", "Start a service on the server", start, _name_and_settings),
    Command("services stop", "Stop a service", stop, _task),
    Command("services run", "Run a service in this process", run, _name_and_settings),
    Command("services host", "Run the service of the task that an agent launched", host),
]
