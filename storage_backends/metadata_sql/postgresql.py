"""The metadata store in PostgreSQL: several servers may share it.

Units run in serializable transactions and are repeated when PostgreSQL asks for that.
"""

import random
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.errors import ApiError
from trackyard.storage_backends.metadata_sql.sqlite import run_unit
from trackyard.storage_backends.metadata_sql.threads import Crew, Unit, in_thread, settle

T = TypeVar("T")

CONNECTIONS = 8
ATTEMPTS = 12
STATEMENT_MS = 60_000
REPEATABLE = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and the unique violation that a race between two units makes."""


BAD_PATTERN = "2201B"


def make_engine(url: URL) -> Engine:
    """An engine with enough connections for the readers and the writers of one server."""
    engine = create_engine(
        url,
        pool_size=2 * CONNECTIONS,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args={"options": f"-c statement_timeout={STATEMENT_MS} -c timezone=UTC", "connect_timeout": 10},
    )
    event.listen(engine, "connect", lambda connection, record: _replace_nul(connection.adapters))
    return engine


def _replace_nul(adapters: Any) -> None:
    """Send NUL characters, which PostgreSQL does not take, as the sign for what cannot be shown: such a text equals nothing."""
    from psycopg.types.string import StrBinaryDumper, StrDumperUnknown

    class TextDumper(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "\ufffd"))

    class BinaryDumper(StrBinaryDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "\ufffd"))

    for dumper in (BinaryDumper, TextDumper):
        adapters.register_dumper(str, dumper)


class PostgresqlStore:
    """An open PostgreSQL metadata store."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, engine: Engine) -> None:
        """The database has the present tables."""
        self._write_engine = engine.execution_options(isolation_level="SERIALIZABLE")
        self._read_engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._engine = engine
        self._writers = Crew("metadata-writer", CONNECTIONS, self._write_each)
        self._readers = Crew("metadata-reader", CONNECTIONS, self._read_each)
        self._closed = False

    async def read(self, work: Callable[[Session], T]) -> T:
        """See ``MetadataStore.read``."""
        return await self._readers.run(work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """See ``MetadataStore.write``."""
        return await self._writers.run(work)

    async def check(self) -> None:
        """See ``MetadataStore.check``."""
        await self.read(lambda session: session.connection().exec_driver_sql("SELECT 1").scalar())

    async def close(self) -> None:
        """See ``MetadataStore.close``."""
        if not self._closed:
            self._closed = True
            await in_thread(self._close, "metadata-close")

    def _close(self) -> None:
        self._writers.close()
        self._readers.close()
        self._engine.dispose()

    def _read_each(self, units: list[Unit]) -> None:
        for unit in units:
            self._answer(unit, self._read_engine, commit=False)

    def _write_each(self, units: list[Unit]) -> None:
        for unit in units:
            self._answer(unit, self._write_engine, commit=True)

    def _answer(self, unit: Unit, engine: Engine, *, commit: bool) -> None:
        for attempt in range(ATTEMPTS):
            try:
                value = self._attempt(unit, engine, commit=commit)
            except Exception as error:
                if attempt + 1 == ATTEMPTS or not repeatable(error, attempt):
                    settle(unit.future, None, explained(error))
                    return
                time.sleep(random.uniform(0.002, 0.01) * 2 ** min(attempt, 6))  # noqa: S311
            else:
                settle(unit.future, value)
                return

    def _attempt(self, unit: Unit, engine: Engine, *, commit: bool) -> Any:
        with engine.connect() as connection, connection.begin() as transaction:
            value = run_unit(connection, unit)
            if not commit:
                transaction.rollback()
        return value


def repeatable(error: Exception, attempt: int) -> bool:
    """Whether the transaction may succeed when it is run again; a unique violation is tried once more only."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in REPEATABLE and (state != "23505" or attempt == 0)


def explained(error: Exception) -> Exception:
    """The error to tell: that of a pattern, a plain sentence when the database fails, or the unit's own."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == BAD_PATTERN:
        return ApiError(400, 21, "Malformed regular expression", error=str(error.orig).strip())
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return StoreUnavailable(f"The metadata database failed: {str(error.orig).strip()}")
    return error
