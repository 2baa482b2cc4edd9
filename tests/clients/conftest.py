"""One server for a file of tests; each test runs its scripts in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from trackyard.core.testing.clients import Client
from trackyard.core.testing.server import ServerProcess

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for the tests of one file; it must not have logged an unexpected error when they are done."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as running:
        yield running
        assert "Traceback" not in running.log, running.log[-12000:]


@pytest.fixture
def client(server: ServerProcess, tmp_path: Path) -> Client:
    """A folder with the scripts."""
    return Client(server, tmp_path, SCRIPTS)
