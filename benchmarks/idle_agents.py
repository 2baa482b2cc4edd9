"""What idle agents cost: CPU of the server for each of their calls, and for 500 agents together."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from benchmarks.report import figure

AGENTS = 500
CALLS = 2000
POLL_SECONDS = 5.0
REPORT_SECONDS = 30.0
MACHINE = {"cpu_usage": [1.0] * 8, "memory_used": 1.0, "memory_free": 2.0, "network_tx": 0.1, "network_rx": 0.1}


class Client:
    """Calls over one kept connection."""

    def __init__(self, server: ServerProcess) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=60)
        self._headers = {"Content-Type": "application/json"}
        basic = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=60)
        key = base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()
        basic.request("POST", "/auth.login", headers={"Authorization": f"Basic {key}"})
        token = json.load(basic.getresponse())["data"]["token"]
        basic.close()
        self._headers["Authorization"] = f"Bearer {token}"

    def call(self, endpoint: str, **fields: Any) -> Any:
        """The data of a call."""
        self._connection.request("POST", f"/{endpoint}", json.dumps(fields), self._headers)
        return json.load(self._connection.getresponse())["data"]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ServerProcess(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        client = stack.enter_context(contextlib.closing(Client(server)))
        queue = client.call("queues.create", name="of idle agents")["id"]
        for number in range(AGENTS):
            client.call("workers.register", worker=f"idle:{number}", queues=[queue])
            report(client, number, queue)
        measure(server, client, queue)


def report(client: Client, number: int, queue: str) -> None:
    """A report of an idle agent."""
    moment = int(time.time() * 1000)
    worker = f"idle:{number % AGENTS}"
    client.call("workers.status_report", worker=worker, timestamp=moment, queues=[queue], task=None, machine_stats=MACHINE)


def measure(server: ServerProcess, client: Client, queue: str) -> None:
    """The cost of each call, and of all agents at once."""

    def cost(name: str, call: Any) -> float:
        began = cpu_seconds(server.pid)
        for number in range(CALLS):
            call(number)
        return figure(name, (cpu_seconds(server.pid) - began) / CALLS * 1000, "ms CPU")

    ping = cost("debug.ping", lambda number: client.call("debug.ping"))
    pull = cost("queues.get_next_task, an empty queue", lambda number: client.call("queues.get_next_task", queue=queue))
    tags = cost("queues.get_all, its tags", lambda number: client.call("queues.get_all", id=[queue], only_fields=["id", "tags"]))
    idle = cost("workers.status_report, idle", lambda number: report(client, number, queue))
    together = AGENTS * ((pull + tags) / POLL_SECONDS + idle / REPORT_SECONDS) / 10
    bare = AGENTS * (2 * ping / POLL_SECONDS + ping / REPORT_SECONDS) / 10
    figure(f"{AGENTS} idle agents", together, "% of core", ("as many pings", bare))
