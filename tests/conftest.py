"""What holds for every test: nothing is left behind, the event loop is never blocked, a failure shows the server's log."""

import inspect
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings
from trackyard.core.testing import postgresql
from trackyard.core.testing.leaks import no_leaked_resources, no_leaked_tasks
from trackyard.core.testing.server import RUNNING

from tests.needs import missing

# the same examples each time, however busy the machine is
settings.register_profile("tests", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.load_profile("tests")

ROOMS = ["trackyard.core", "trackyard.plugins", "trackyard.storage_backends", "trackyard.ui", "trackyard.agent_services"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The database of the servers that tests start."""
    parser.addoption("--metadata", choices=["sqlite", "postgresql"], default="sqlite", help="where servers keep metadata")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slow files, so that no worker is left alone with one; watch every async test."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj) and not _shares_its_loop(item):
            item.fixturenames[:0] = ["nothing_is_left_open", "no_task_is_left", "nothing_blocks_the_loop"]


def _shares_its_loop(item: pytest.Item) -> bool:
    """True for tests on the loop of a whole module, where what other tests started goes on."""
    marker = item.get_closest_marker("asyncio")
    return marker is not None and marker.kwargs.get("loop_scope", "function") != "function"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the log of every running server when a test fails."""
    report = yield
    if report.failed:
        report.sections += [(f"log of the server in {server.folder}", server.log[-12000:]) for server in RUNNING]
    return report


@pytest.fixture
def nothing_is_left_open() -> Iterator[None]:
    """Threads, files and sockets are back where they were."""
    with no_leaked_resources():
        yield


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """No asyncio task of the test still runs."""
    async with no_leaked_tasks():
        yield


@pytest.fixture
def nothing_blocks_the_loop() -> Iterator[None]:
    """Code of ours that waits for a file, a socket or a lock on the event loop fails the test."""
    blockbuster = BlockBuster(scanned_modules=ROOMS)
    blockbuster.activate()
    yield
    blockbuster.deactivate()


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[postgresql.Cluster]:
    """One PostgreSQL cluster for all tests of this process."""
    if postgresql.find_binaries() is None:
        missing("PostgreSQL (initdb)")
    with postgresql.cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session", autouse=True)
def database_of_servers(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--metadata=postgresql`` every server that a test starts has a database in a cluster."""
    if request.config.getoption("--metadata") == "postgresql":
        postgresql.use_for_servers(request.getfixturevalue("postgresql_cluster"))
    yield
    postgresql.use_for_servers(None)
