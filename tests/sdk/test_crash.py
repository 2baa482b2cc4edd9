"""A server that is killed in the middle of a run."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

from tests.sdk.conftest import SCRIPTS
from tests.sdk.scripts import what_is_sent as sent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def call(server: ServerProcess, endpoint: str, body: dict[str, Any]) -> Any:
    """The data of a call over HTTP."""
    answer = requests.post(f"{server.api}/{endpoint}", json=body, auth=(ACCESS_KEY, SECRET_KEY), timeout=120)
    return msgspec.json.decode(answer.content)["data"]


def test_killed_server_loses_nothing_and_the_run_finishes(server: ServerProcess, tmp_path: Path) -> None:
    """What was acknowledged is there after SIGKILL and a new start; the script goes on by itself, and all of it is right."""
    client = Client(server, tmp_path, SCRIPTS, forks=True)
    run = client.start("training.py", "--result", "ids.json", "--batch", "16", "--name", "somebody", "--fast", "--crash", ".")
    run.wait_for(tmp_path / "half")
    server.kill()
    server.start()
    body = {"task": json.loads((tmp_path / "half").read_text())["task"], "metric": {"metric": "loss"}, "batch_size": 10_000}
    curve = call(server, "events.scalar_metrics_iter_raw", body)["variants"]["train"]
    stored = dict(zip(curve["iter"], curve["y"], strict=True))
    assert [stored.get(step) for step in range(sent.HALF)] == sent.POINTS[: sent.HALF]
    (tmp_path / "go").touch()
    run.finish()
    assert "everything is equal" in client.run("reading.py", "ids.json")
