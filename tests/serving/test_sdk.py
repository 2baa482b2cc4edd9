"""The reports of the real SDK's router."""

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

from tests.agent.conftest import Api

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_reports_of_the_router(tmp_path: Path) -> None:
    """The endpoint is listed with what was requested of it."""
    with ServerProcess(tmp_path / "server") as server:
        output = Client(server, tmp_path / "client", SCRIPTS).run("telemetry.py")
        api = Api(server)
        (found,) = api.call("serving.get_endpoints")["endpoints"]
        details = api.call("serving.get_endpoint_details", endpoint_url="http://127.0.0.1:1/echo")
        assert "Traceback" not in server.log
    assert "Failed" not in output
    assert (found["endpoint"], found["model"], found["requests"], found["instances"]) == ("echo", "net", 3, 1)
    assert details["instances"][0]["reference"][0]["type"] == "task"
