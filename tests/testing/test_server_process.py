"""A server in a process of its own tells why it does not start, survives a kill, and ends when it is told to."""

from pathlib import Path

import pytest
from trackyard.core.testing.server import ServerError, ServerProcess


def test_failed_start_shows_the_log(tmp_path: Path) -> None:
    """A wrong settings file ends the start, and the error has the sentence of the server."""
    server = ServerProcess(tmp_path, "[nonsense]\nkey = 1\n")
    with pytest.raises(ServerError, match=r"code 2[\s\S]*nonsense: found this table"):
        server.start()
    server.close()


def test_killed_server_starts_again_on_its_ports(tmp_path: Path) -> None:
    """Ports and data are the same; SIGTERM ends it with 0."""
    with ServerProcess(tmp_path) as server:
        first, ports = server.pid, (server.api_port, server.web_port, server.files_port)
        server.kill()
        server.start()
        assert server.pid != first
        assert (server.api_port, server.web_port, server.files_port) == ports
        assert server.stop() == 0
