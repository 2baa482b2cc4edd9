"""What is particular to PostgreSQL: connections that are lost."""

import asyncio
import threading
from pathlib import Path

import psycopg
import pytest
from sqlmodel import Session
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.testing import postgresql
from trackyard.core.testing.metadata_suite import add_one, count, put, value_of
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend

pytestmark = pytest.mark.postgresql


def cut(url: str) -> None:
    """End every other connection to the database, as a restart of PostgreSQL does."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid, 60000) {others}".encode())


async def busy(store: MetadataStore) -> list[int]:
    """Reads at once, so that several connections are open; what each counted."""
    return await asyncio.gather(*(store.read(count) for _ in range(6)))


async def test_units_do_not_notice_that_all_connections_were_lost(tmp_path: Path, postgresql_cluster: postgresql.Cluster) -> None:
    url = await asyncio.to_thread(postgresql_cluster.empty_database, "metadata")
    store = await PostgresqlBackend().open(url, tmp_path)
    await store.write(put("before", 1))
    assert await busy(store) == [1] * 6
    for number in (2, 3):
        await asyncio.to_thread(cut, url)
        assert await busy(store) == [number - 1] * 6
        await asyncio.to_thread(cut, url)
        await store.write(put(f"after {number}", 1))
    assert await busy(store) == [3] * 6
    await store.close()


async def test_a_unit_that_others_get_in_the_way_of_each_time_comes_through(
    tmp_path: Path, postgresql_cluster: postgresql.Cluster
) -> None:
    url = await asyncio.to_thread(postgresql_cluster.empty_database, "metadata")
    first, second = [await PostgresqlBackend().open(url, tmp_path) for _ in range(2)]
    await first.write(put("counter", 0))
    loop = asyncio.get_running_loop()
    others: list[asyncio.Future[None]] = []

    def slow(session: Session) -> None:
        """Read; let another server change what was read, if it can; then write."""
        value_of("counter")(session)
        done = threading.Event()

        def start() -> None:
            other = asyncio.ensure_future(second.write(add_one))
            other.add_done_callback(lambda _: done.set())
            others.append(other)

        loop.call_soon_threadsafe(start)
        done.wait(2)
        add_one(session)

    await first.write(slow)
    await asyncio.gather(*others)
    assert len(others) > 1
    assert await first.read(value_of("counter")) == 1 + len(others)
    for store in (first, second):
        await store.close()
