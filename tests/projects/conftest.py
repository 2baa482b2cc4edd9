"""A database in memory and a caller, for what runs inside a unit of work."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlmodel import Session, SQLModel, create_engine
from trackyard.core.identity import Identity

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
