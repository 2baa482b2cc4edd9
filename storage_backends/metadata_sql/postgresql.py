"""The metadata store in PostgreSQL: several servers may share it.

Units run in serializable transactions and are repeated when PostgreSQL asks for that.
"""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.errors import ApiError
from trackyard.storage_backends.metadata_sql.store import SqlStore, each, read_unit, run_unit
from trackyard.storage_backends.metadata_sql.threads import Crew, Unit

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


class PostgresqlStore(SqlStore):
    """An open PostgreSQL metadata store."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, engine: Engine) -> None:
        """The database has the present tables."""
        self._engine = engine
        write = partial(write_unit, engine.execution_options(isolation_level="SERIALIZABLE"))
        read = partial(read_unit, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True))
        super().__init__(
            Crew("metadata-writer", CONNECTIONS, each(partial(repeated, write), explained)),
            Crew("metadata-reader", CONNECTIONS, each(partial(repeated, read), explained)),
        )

    def _release(self) -> None:
        self._engine.dispose()


def write_unit(engine: Engine, unit: Unit) -> Any:
    """Run the unit and commit what it changed."""
    with engine.connect() as connection, connection.begin():
        return run_unit(connection, unit)


def repeated(attempt: Callable[[Unit], Any], unit: Unit) -> Any:
    """Run the unit, again when PostgreSQL asks for that."""
    tries = 0
    while True:
        try:
            return attempt(unit)
        except Exception as error:
            if tries + 1 == ATTEMPTS or not repeatable(error, tries):
                raise
        time.sleep(random.uniform(0.002, 0.01) * 2 ** min(tries, 6))  # noqa: S311
        tries += 1


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
