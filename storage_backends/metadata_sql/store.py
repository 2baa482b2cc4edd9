"""What the stores of both databases have in common: crews that read and write, and how a unit is run and answered."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlmodel import Session
from trackyard.core.query import patterns
from trackyard.storage_backends.metadata_sql.threads import Crew, Unit, in_thread, settle

T = TypeVar("T")


class SqlStore:
    """An open store; see ``MetadataStore`` for what its methods guarantee."""

    def __init__(self, writers: Crew, readers: Crew) -> None:
        """The crews are idle, the database has the present tables."""
        self._writers = writers
        self._readers = readers
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
        self._release()

    def _release(self) -> None:
        """Close every connection; no thread uses one any more."""
        raise NotImplementedError


def each(attempt: Callable[[Unit], Any], explained: Callable[[Exception], Exception]) -> Callable[[list[Unit]], None]:
    """Serve units one by one: each is answered with what ``attempt`` gives, or with its error as ``explained`` tells it."""

    def serve(units: list[Unit]) -> None:
        for unit in units:
            try:
                value = attempt(unit)
            except Exception as error:
                settle(unit.future, None, explained(error))
            else:
                settle(unit.future, value)

    return serve


def read_unit(engine: Engine, unit: Unit) -> Any:
    """Run the unit on one consistent state; what it changes is dropped."""
    with engine.connect() as connection, connection.begin() as transaction:
        value = run_unit(connection, unit)
        transaction.rollback()
    return value


def run_unit(connection: Connection, unit: Unit) -> Any:
    """Run the unit with a session on the connection; its changes are flushed."""
    patterns.begin_unit()
    with Session(bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False) as session:
        value = unit.work(session)
        session.flush()
        session.expunge_all()
        return value
