"""A database in memory for what runs inside a unit of work, and a server for what is called."""

import sqlite3
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlmodel import Session, SQLModel, create_engine
from trackyard.core.identity import Identity
from trackyard.core.testing.kernel import running_kernel

from tests.projects.shelf import Shelf

ME = Identity(user="u1", name="Me", company="c1")


def open_session() -> Session:
    """A session on a new database in memory; a transaction begins when SQLAlchemy says so, not when sqlite3 guesses."""
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    SQLModel.metadata.create_all(engine)
    return Session(engine)


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def close_session(session: Session) -> None:
    """Close the session and its database."""
    engine = session.get_bind()
    session.close()
    engine.dispose()  # type: ignore[union-attr]


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on a database of the test's own."""
    opened = open_session()
    yield opened
    close_session(opened)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shelf]:
    """One server for all tests of a file."""
    async with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield Shelf(kernel)
