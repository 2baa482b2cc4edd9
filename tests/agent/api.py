"""Calls of a server in a process of its own, and waiting for what agents do."""

from __future__ import annotations

import base64
import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Protocol

from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

DEADLINE = 240.0
"""Seconds to wait for what an agent does; it polls every few seconds and starts processes."""


class Told(Protocol):
    """Something that writes: an agent."""

    @property
    def output(self) -> str:
        """What it has written so far."""
        ...


class Api:
    """Calls of the server's API."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = server.api
        self._authorization = "Basic " + base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()

    def call(self, endpoint: str, /, **fields: Any) -> Any:
        """The data of a call that must succeed."""
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        request = urllib.request.Request(f"{self._url}/{endpoint}", json.dumps(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def task(self, name: str, code: str, **more: Any) -> str:
        """A new task that runs ``code``, a script without a repository."""
        script = {"binary": "python3", "entry_point": "script.py", "diff": code, "requirements": {"pip": ""}, "repository": ""}
        return str(self.call("tasks.create", **{"name": name, "type": "training", "script": script, **more})["id"])

    def get(self, task: str) -> dict[str, Any]:
        """A task."""
        found: dict[str, Any] = self.call("tasks.get_by_id", task=task)["task"]
        return found

    def log(self, task: str) -> str:
        """The console of a task, oldest line first."""
        events = self.call("events.get_task_log", task=task, order="asc", navigate_earlier=False)["events"]
        return "\n".join(event["msg"] for event in events)

    def until(self, what: str, condition: Callable[[], bool], run: Told) -> None:
        """Wait until something holds; tells what the agent wrote when it never does."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"{what}: not after {DEADLINE:.0f} s; the agent wrote:\n{run.output[-8000:]}"
            time.sleep(0.3)
