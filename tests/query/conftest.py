"""Sessions on both databases for the tests of the query language; what a test stores is gone after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from sqlmodel import Session, SQLModel
from trackyard.core.query import patterns
from trackyard.core.testing import postgresql
from trackyard.storage_backends.metadata_sql.postgresql import make_engine as make_postgresql_engine
from trackyard.storage_backends.metadata_sql.sqlite import make_engine as make_sqlite_engine


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Empty tables in SQLite."""
    path: Path = tmp_path_factory.mktemp("query") / "metadata.db"
    engine = make_sqlite_engine(path, writes=True)
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_cluster: postgresql.Cluster) -> Iterator[Engine]:
    """Empty tables in PostgreSQL."""
    engine = make_postgresql_engine(make_url(postgresql_cluster.create_database("query")).set(drivername="postgresql+psycopg"))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on one of the databases whose changes are taken back."""
    engine: Engine = request.getfixturevalue(f"{request.param}_tables")
    patterns.begin_unit()
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(bind=connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        transaction.rollback()
