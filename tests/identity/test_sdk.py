"""The real SDK logs in to a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ADMIN_PASSWORD, SECRET_KEY, ServerProcess


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_session_of_the_sdk(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "server") as server:
        client = Client(server, tmp_path / "client", Path(__file__).parent / "scripts")
        assert "the session works" in client.run("session.py")
        assert "Traceback" not in server.log
        for secret in (SECRET_KEY, ADMIN_PASSWORD, "eyJ"):
            assert secret not in server.log
