"""Both databases for the tests of the metadata store."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.testing import postgresql
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend, SqliteBackend

Opener = Callable[[], Awaitable[MetadataStore]]


@pytest.fixture
def sqlite_opener(tmp_path: Path) -> Opener:
    """Opens the same SQLite store each time."""
    return lambda: SqliteBackend().open("sqlite:", tmp_path)


@pytest.fixture
def postgresql_opener(tmp_path: Path, postgresql_cluster: postgresql.Cluster) -> Opener:
    """Opens the same PostgreSQL store each time."""
    url = postgresql_cluster.empty_database("metadata")
    return lambda: PostgresqlBackend().open(url, tmp_path)
