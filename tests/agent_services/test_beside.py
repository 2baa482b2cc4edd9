"""The agent that ``trackyard serve`` starts with it."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

CONFIG = """
[agent_services]
enabled = true
runtime = "process"
install_requirements = false
poll_seconds = 0.2
"""


def call(server: ServerProcess, endpoint: str, body: dict[str, Any]) -> Any:
    """The data of a call over HTTP."""
    import requests

    answer = requests.post(f"{server.api}/{endpoint}", json=body, auth=(ACCESS_KEY, SECRET_KEY), timeout=60)
    return msgspec.json.decode(answer.content)["data"]


@pytest.mark.timeout(300)
def test_serve_starts_an_agent_and_ends_it(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "server", CONFIG, {"TRACKYARD_AGENT_DIR": str(tmp_path / "agent")}) as server:
        script = {"diff": "print('it ran')", "entry_point": "service.py"}
        task = call(server, "tasks.create", {"name": "a service", "type": "service", "script": script})["id"]
        call(server, "tasks.enqueue", {"task": task, "queue_name": "services"})
        end = time.monotonic() + 180
        while (status := call(server, "tasks.get_by_id", {"task": task})["task"]["status"]) in ("queued", "in_progress"):
            assert time.monotonic() < end, status
            time.sleep(0.2)
        assert status == "completed"
        labels = [known["label"] for known in call(server, "auth.get_credentials", {})["credentials"]]
        assert "services agent beside the server" in labels
        assert server.stop() == 0
        server.start()
        assert [known["label"] for known in call(server, "auth.get_credentials", {})["credentials"]].count(labels[-1]) <= 1
