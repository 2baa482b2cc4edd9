"""Fill a server with the work of a team: ``make demo``.

Without arguments a server of its own is started (data in ``build/demo``, which is emptied first), filled, and kept alive until
Ctrl-C: its workers report and its running tasks go on. ``--running`` fills the server that the environment names
(``CLEARML_API_HOST``, ``CLEARML_API_ACCESS_KEY`` … of an administrator) and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from trackyard.core.client import ApiClient
from trackyard.core.testing.server import ServerProcess

from docs.demo.curves import machine, scalar
from docs.demo.story import account, projects, reports, services, team_queues

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/demo"
MEMBERS = ["Ada", "Grace", "Katherine"]
WORKERS = {"gpu-01": ["gpu"], "gpu-02": ["gpu", "nightly"], "cpu-01": ["cpu"], "services-01": ["services"]}
TRAININGS = [("Vision/Segmentation", "unet on road scenes"), ("Vision/Segmentation", "segformer on road scenes")]
Variables = dict[str, str]


def script(name: str, environment: Variables, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a script of the SDK; it writes into a log beside the data."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = (FOLDER / "scripts.log").open("ab")
    command = [sys.executable, "-m", f"docs.demo.{name}", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def client(environment: Mapping[str, str]) -> ApiClient:
    """A client of the server with the administrator's credentials."""
    return ApiClient(
        environment["CLEARML_API_HOST"], environment["CLEARML_API_ACCESS_KEY"], environment["CLEARML_API_SECRET_KEY"], "demo"
    )


def wait(processes: list[subprocess.Popen[bytes]], what: str) -> None:
    """Wait until all have ended; raises when one has failed."""
    for process in processes:
        if process.wait() != 0:
            raise SystemExit(f"{what} failed: see {FOLDER / 'scripts.log'}")
    print(f"  {what}", flush=True)


def fill(environment: Variables, tasks: int) -> None:
    """Everything, two processes at a time."""
    asyncio.run(_prepare(environment))
    people = asyncio.run(_people(environment))
    share = tasks // len(people)
    members = [script("member", person, str(number), str(share)) for number, person in enumerate(people[:2])]
    wait(members, f"{2 * share} tasks of two members")
    last = [script("member", person, str(number + 2), str(share)) for number, person in enumerate(people[2:])]
    wait([*last, script("dataset", people[0])], f"{share * len(last)} tasks of another one, a dataset of three versions")
    for number, (project, name) in enumerate(TRAININGS):
        training = script("training", people[number], str(number), project, name)
        wait([training, script("nightly", people[1 - number], str(12 + 8 * number))], f"{name}, and a run of a pipeline")
    asyncio.run(_conclude(environment))


async def _prepare(environment: Variables) -> None:
    async with client(environment) as api:
        await team_queues(api, WORKERS)
        await projects(api)


async def _people(environment: Variables) -> list[Variables]:
    """Accounts of the members: the environment of each with credentials of its own."""
    async with client(environment) as api:
        found = []
        for name in MEMBERS:
            key, secret = await account(environment, api, name)
            found.append({**environment, "CLEARML_API_ACCESS_KEY": key, "CLEARML_API_SECRET_KEY": secret})
        return found


async def _conclude(environment: Variables) -> None:
    async with client(environment) as api:
        await services(api)
        web = environment.get("CLEARML_WEB_HOST", "")
        await reports(api, web)
        await history(api)
    print("  reports, services, three hours of four workers", flush=True)


async def _running(api: ApiClient, kind: str) -> list[str]:
    """The tasks of a type that are at work."""
    body = {"status": ["in_progress"], "type": [kind], "only_fields": ["id"], "page": 0, "page_size": 20}
    return [task["id"] for task in (await api.call("tasks.get_all_ex", body))["tasks"]]


async def history(api: ApiClient) -> None:
    """What the workers would have told in the last three hours."""
    dice, now = random.Random(5), int(time.time() * 1000)
    for worker in WORKERS:
        for minute in range(180, -1, -4):
            busy = worker.startswith("gpu") and minute % 60 > 8
            stats = machine(dice, busy)
            body = {"worker": worker, "timestamp": now - minute * 60_000, "machine_stats": stats}
            await api.call("workers.status_report", body)


async def live(environment: Variables) -> None:
    """Go on until the process is ended: workers report, running tasks get on."""
    dice = random.Random(6)
    async with client(environment) as api:
        running = await _running(api, "training")
        work = dict(zip(WORKERS, running, strict=False)) | {"services-01": next(iter(await _running(api, "service")), "")}
        for step in range(80, 1_000_000):
            now = int(time.time() * 1000)
            for worker in WORKERS:
                task = {"task": work[worker]} if worker != "cpu-01" and work.get(worker) else {}
                stats = machine(dice, bool(task) and worker.startswith("gpu"))
                await api.call("workers.status_report", {"worker": worker, "timestamp": now, "machine_stats": stats, **task})
            await api.add_events([scalar(task, ("loss", "train"), step, 0.4 + dice.gauss(0, 0.02), now) for task in running])
            await asyncio.sleep(10)


def own_server(tasks: int) -> None:
    """Start a server, fill it and keep it alive."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    password = secrets.token_urlsafe(9)
    with ServerProcess(FOLDER, environment={"TRACKYARD_ADMIN_PASSWORD": password}) as server:
        environment = server.client_environment(FOLDER / "home")
        begun = time.monotonic()
        fill(environment, tasks)
        print(
            f"Filled in {time.monotonic() - begun:.0f} s. Open {server.web} and log in as admin with the password {password}",
            flush=True,
        )
        (FOLDER / "address").write_text(f"{server.web}\n{password}\n")
        asyncio.run(live(environment))


def main() -> None:
    """Read the arguments and go."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--running", action="store_true", help="fill the server that the environment names, and end")
    parser.add_argument("--tasks", type=int, default=501, help="how many tasks the members make (default: %(default)s)")
    given = parser.parse_args()
    if given.running:
        fill(dict(os.environ), given.tasks)
        return
    try:
        own_server(given.tasks)
    except KeyboardInterrupt:
        print("Stopped.")


if __name__ == "__main__":
    main()
