"""What holds for every test: nothing is left behind, the event loop is never blocked, a failure shows the server's log."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings
from trackyard.core.testing import postgresql
from trackyard.core.testing.leaks import no_leaked_resources, no_leaked_tasks
from trackyard.core.testing.server import RUNNING
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend

from tests.needs import missing

# the same examples each time, however busy the machine is
settings.register_profile("tests", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.load_profile("tests")

ROOMS = ["trackyard.core", "trackyard.plugins", "trackyard.storage_backends", "trackyard.ui", "trackyard.agent_services"]


ON_BOTH = {
    *("conformance", "contract21", "events", "identity", "jobs", "models", "organization", "pipelines", "projects", "queues"),
    *("reports", "serving", "storage", "tasks", "workers"),
}
"""The rooms whose tests run on either database with ``--metadata=both``…"""
ON_ONE = {
    *("test_any_input.py", "test_embedded_faults.py", "test_embedded_store.py", "test_formulas.py", "test_names.py"),
    *("test_openapi.py", "test_tree_machine.py", "test_vault.py"),
}
"""… but not these files: they use no server, or take a minute to send what says little about databases."""
TEMPLATE = "with_tables"


class OnPostgresql(pytest.Module):
    """A file of tests once more; its servers keep their metadata in PostgreSQL."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The database of the servers that tests start."""
    choices = ["sqlite", "postgresql", "both"]
    parser.addoption(
        "--metadata", choices=choices, default="sqlite", help="where servers keep metadata; both: the API's tests twice"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """With ``--metadata=both`` a file of the API's tests is collected once more, for PostgreSQL."""
    wanted = file_path.parent.name in ON_BOTH and file_path.match("test_*.py") and file_path.name not in ON_ONE
    if not wanted or parent.config.getoption("--metadata") != "both":
        return None
    nodeid = f"{parent.nodeid}/{file_path.name}[postgresql]"
    node: OnPostgresql = OnPostgresql.from_parent(parent, path=file_path, name=f"{file_path.name}[postgresql]", nodeid=nodeid)
    return node


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slow files, so that no worker is left alone with one; watch every async test."""
    # those that make databases themselves would do the same again
    items[:] = [item for item in items if not (item.getparent(OnPostgresql) and item.get_closest_marker("postgresql"))]
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


@pytest.fixture(scope="session")
def postgresql_with_tables(postgresql_cluster: postgresql.Cluster) -> postgresql.Cluster:
    """The cluster, with a database to copy that has the tables of the present revision."""

    async def migrate() -> None:
        url = postgresql_cluster.create_database(TEMPLATE)
        await (await PostgresqlBackend().open(url, postgresql_cluster.folder)).close()

    asyncio.run(migrate())
    return postgresql_cluster


@pytest.fixture(scope="session", autouse=True)
def database_of_servers(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--metadata=postgresql`` every server that a test starts has a database in a cluster."""
    if request.config.getoption("--metadata") == "postgresql":
        postgresql.use_for_servers(request.getfixturevalue("postgresql_with_tables"), TEMPLATE)
    yield
    postgresql.use_for_servers(None)


@pytest.fixture(scope="module", autouse=True)
def database_of_the_file(request: pytest.FixtureRequest, database_of_servers: None) -> Iterator[None]:
    """The servers of a file that is collected for PostgreSQL have databases there; they go when the file is done."""
    if not isinstance(request.node, OnPostgresql):
        yield
        return
    postgresql.use_for_servers(request.getfixturevalue("postgresql_with_tables"), TEMPLATE)
    yield
    postgresql.drop_databases()
    postgresql.use_for_servers(None)
