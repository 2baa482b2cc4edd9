"""The metadata store in one SQLite file: one thread that writes with group commit, several that read.

The file is in WAL mode with ``synchronous=FULL``: a commit is one append and one fsync. Units that wait while a commit is
under way share the next one, each in a savepoint of its own, and are answered when it is on disk.
"""

import fcntl
import os
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.query import patterns
from trackyard.storage_backends.metadata_sql.store import SqlStore, each, read_unit, run_unit
from trackyard.storage_backends.metadata_sql.threads import Crew, Unit, settle

READERS = 6
TURN = 256
"""How many units share one commit at most."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=15000",
    "temp_store=MEMORY",
    "cache_size=-16384",
    "mmap_size=1073741824",
)


def make_engine(path: Path, *, writes: bool, connections: int = 1) -> Engine:
    """An engine on the file; its transactions take the lock for writing at once, or see one state and change nothing."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED"

    def on_connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if not writes:
            connection.execute("PRAGMA query_only=ON")
        connection.create_function("text_matches", 3, patterns.text_matches, deterministic=True)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


class DataLock:
    """A lock on the data directory: a second server on the same file would lose writes of the first."""

    def __init__(self, database: Path) -> None:
        """Take the lock, or raise ``StoreUnavailable`` when another process has it."""
        self.path = database.with_name(database.name + ".lock")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreUnavailable(
                f"Another Trackyard server already uses {database}. Stop it first, give this one another data directory, "
                "or use PostgreSQL, which several servers can share."
            ) from None

    def release(self) -> None:
        """Let others have the file."""
        os.close(self._file)


class SqliteStore(SqlStore):
    """An open SQLite metadata store."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, lock: DataLock) -> None:
        """The file at ``path`` has the present tables and ``lock`` is held."""
        self.path = path
        self._lock = lock
        self._write_engine = make_engine(path, writes=True)
        self._read_engine = make_engine(path, writes=False, connections=READERS)
        read = each(partial(read_unit, self._read_engine), explained)
        super().__init__(Crew("metadata-writer", 1, self._commit_group, TURN), Crew("metadata-reader", READERS, read))

    def _release(self) -> None:
        self._read_engine.dispose()
        with self._write_engine.connect() as connection:
            for statement in ("PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.connection.execute(statement)
        self._write_engine.dispose()
        self._lock.release()

    def _commit_group(self, units: list[Unit]) -> None:
        done: list[tuple[Unit, Any]] = []
        try:
            with self._write_engine.connect() as connection, connection.begin():
                for unit in units:
                    self._try_unit(connection, unit, done)
        except Exception as error:
            done_units = {id(unit) for unit, _ in done}
            told = explained(error)
            for unit in units:
                if id(unit) in done_units or not unit.future.done():
                    settle(unit.future, None, told)
            return
        for unit, value in done:
            settle(unit.future, value)

    def _try_unit(self, connection: Connection, unit: Unit, done: list[tuple[Unit, Any]]) -> None:
        """Run one unit in its savepoint. A failure is told at once, unless it ended the whole transaction."""
        savepoint = connection.begin_nested()
        try:
            value = run_unit(connection, unit)
            savepoint.commit()
        except Exception as error:
            if not connection.connection.in_transaction:
                raise
            if savepoint.is_active:
                savepoint.rollback()
            settle(unit.future, None, explained(error))
        else:
            done.append((unit, value))


def explained(error: Exception) -> Exception:
    """The error to tell: that of a pattern, a plain sentence when the database fails, or the unit's own."""
    if pattern_error := patterns.unit_error():
        return pattern_error
    if isinstance(error, OperationalError) and isinstance(error.__context__, DBAPIError):
        # SQLite ended the whole transaction, so that undoing the unit failed too; the first failure is the one to tell
        return explained(error.__context__)
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return StoreUnavailable(f"The metadata database failed: {error.orig}.")
    return error
