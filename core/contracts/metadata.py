"""The contract of the metadata store: entities in tables, changed in units of work.

A unit of work is one plain function that takes a session and runs in a thread, whole. Guarantees of every backend:

- *Atomicity*: a write unit is done wholly or not at all. An exception inside it undoes that unit only, also when the
  backend joins several units into one commit, and is raised to the caller unchanged.
- *Durability*: when ``write`` returns, the change survives a power cut.
- *Isolation*: units behave as if they ran one after the other. A read unit sees one consistent state.
- *Ordering*: a unit that starts after a ``write`` returned sees that write.
- *Concurrency*: any number of units may be waiting. A write unit may be run more than once when the database
  asks for a repetition, so it must not have effects outside its session.
- *Errors*: the unit's own exceptions pass unchanged; a database that cannot be reached or is full raises ``StoreUnavailable``.

Inside a unit: no ``await``, no other store, no network.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

from sqlmodel import Session

T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]


class StoreUnavailable(Exception):
    """The database cannot be reached, is full or refuses to open; the text says why in a plain sentence."""


@runtime_checkable
class MetadataStore(Protocol):
    """An open metadata store. See the module for what every backend guarantees."""

    @property
    def dialect(self) -> Dialect:
        """The dialect of SQL that sessions speak."""

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` on one consistent state and give back its value. Changes in it are refused or dropped."""

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` as one atomic unit; its value is given back once the change is durable."""

    async def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the database answers."""

    async def close(self) -> None:
        """Finish the units that are waiting and close every connection. Further units raise ``StoreUnavailable``."""


class MetadataBackend(Protocol):
    """What a plugin registers: it opens stores for the URL schemes it knows."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """Schemes of URLs, without ``://``, such as ``("sqlite",)``."""

    async def open(self, url: str, data_dir: Path) -> MetadataStore:
        """Open the store at ``url``, bringing its tables to the present revision.

        ``data_dir`` is where a file database lives when the URL names none, and where backups go.
        Raises ``StoreUnavailable`` with a plain sentence when that is not possible.
        """
