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
TOGETHER = 3
"""How often a unit is tried together with others before it runs alone: otherwise a long one might never come through."""
STATEMENT_MS = 60_000
REPEATABLE = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and the unique violation that a race between two units makes."""


BAD_PATTERN = "2201B"


def make_engine(url: URL, *, ping: bool = True) -> Engine:
    """An engine with enough connections for the readers or the writers of one server.

    ``ping``: a connection is tried before it is used, so that a restart of PostgreSQL breaks no unit.
    """
    engine = create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=2,
        pool_pre_ping=ping,
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
        """The database has the present tables. Units that read are repeated when their connection was lost: they need no ping."""
        readers = make_engine(engine.url, ping=False)
        self._engines = (engine, readers)
        write = partial(write_unit, engine.execution_options(isolation_level="SERIALIZABLE"))
        read = partial(read_again, readers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True))
        super().__init__(
            Crew("metadata-writer", CONNECTIONS, each(partial(repeated, write), explained)),
            Crew("metadata-reader", CONNECTIONS, each(read, explained)),
        )

    def _release(self) -> None:
        for engine in self._engines:
            engine.dispose()


def read_again(engine: Engine, unit: Unit) -> Any:
    """Run a unit that reads, once more when it had a connection that was lost: all old ones are dropped then."""
    try:
        return read_unit(engine, unit)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return read_unit(engine, unit)


def write_unit(engine: Engine, unit: Unit, tries: int) -> Any:
    """Run the unit and commit what it changed; one that others got in the way of too often runs while nobody else writes."""
    mode = "ROW SHARE" if tries < TOGETHER else "EXCLUSIVE"
    with engine.connect() as connection, connection.begin():
        # the state that the unit sees is that after the wait: this statement takes none
        connection.exec_driver_sql(f"LOCK TABLE alembic_version IN {mode} MODE")
        return run_unit(connection, unit)


def repeated(attempt: Callable[[Unit, int], Any], unit: Unit) -> Any:
    """Run the unit, again when PostgreSQL asks for that."""
    tries = 0
    while True:
        try:
            return attempt(unit, tries)
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
