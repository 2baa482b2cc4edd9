"""An old database is copied and upgraded, by one server of several; a newer one is refused."""

import asyncio
import logging
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.contracts.metadata import MetadataStore, StoreUnavailable
from trackyard.core.entities import QUEUE, TASK
from trackyard.core.testing import postgresql
from trackyard.storage_backends.metadata_sql import migrate
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend, SqliteBackend

from tests.metadata.conftest import Opener
from tests.metadata.test_migrations import change

SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade():
    op.add_column("queues", sa.Column("colour", sa.Text()))
    op.execute("UPDATE queues SET colour = 'blue'")
"""
BROKEN = SECOND + '    op.execute("UPDATE no_such_table SET colour = 1")\n'


class Versions:
    """Which version of the server the test plays."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._scripts, self._patch, self._present = folder / "scripts", patch, (migrate.MIGRATIONS, migrate.HEAD)

    def next(self, second: str = SECOND) -> None:
        """One that knows a revision more."""
        shutil.copytree(migrate.MIGRATIONS, self._scripts)
        (self._scripts / "versions" / "0002_second.py").write_text(second)
        self._set(self._scripts, "0002")

    def present(self) -> None:
        """This one."""
        self._set(*self._present)

    def _set(self, scripts: Path, head: str) -> None:
        self._patch.setattr(migrate, "MIGRATIONS", scripts)
        self._patch.setattr(migrate, "HEAD", head)


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """The present version, and the next one when the test says so."""
    return Versions(tmp_path, monkeypatch)


@pytest.fixture
def database(postgresql_cluster: postgresql.Cluster) -> str:
    """The URL of an empty database without backups."""
    url = postgresql_cluster.empty_database("upgrades")
    for schema in schemas(url):
        ask(url, f'DROP SCHEMA "{schema}" CASCADE')
    return url


def ask(url: str, statement: str, *values: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def schemas(url: str) -> list[str]:
    """The backups in a PostgreSQL database."""
    rows = ask(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'backup%%' ORDER BY nspname")
    return [row[0] for row in rows]


def shape(url: str, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """The columns, indexes and keys of a schema, without its name."""
    columns = "SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default IS NULL"
    found = {
        "columns": ask(url, f"{columns} FROM information_schema.columns WHERE table_schema = %s", schema),
        "indexes": ask(url, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s", schema),
        "keys": ask(
            url, "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = %s::regnamespace", schema
        ),
    }
    return {
        kind: sorted(tuple(str(value).replace(f"{schema}.", "") for value in row) for row in rows) for kind, rows in found.items()
    }


def fill(session: Session) -> None:
    """Something to be kept."""
    store.insert(session, TASK, {"name": "kept", "tags": ["a"], "hyperparams": {"Args": {"lr": {"value": "0.1"}}}})
    store.insert(session, QUEUE, {"name": "kept"})


def add_and_list(session: Session) -> list[str]:
    """The names of the queues, after one more."""
    store.insert(session, QUEUE, {"name": "after"})
    return sorted(row[0] for row in session.connection().exec_driver_sql("SELECT name FROM queues").all())


async def closed(opening: Any) -> None:
    """Open and close a store."""
    opened: MetadataStore = await opening
    await opened.close()


async def filled(opened: MetadataStore) -> None:
    """Fill a store and close it."""
    await opened.write(fill)
    await opened.close()


async def test_a_sqlite_file_is_copied_and_upgraded(tmp_path: Path, sqlite_opener: Opener, versions: Versions) -> None:
    await filled(await sqlite_opener())
    versions.next()
    for _ in range(2):
        await closed(sqlite_opener())
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.startswith("metadata-0001-")
    assert copy.stat().st_mode & 0o077 == 0
    assert rows_of(tmp_path / "metadata.db", "SELECT name, colour FROM queues") == [("kept", "blue")]
    assert rows_of(copy, "SELECT version_num, name FROM alembic_version, tasks") == [("0001", "kept")]


def rows_of(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement on a SQLite file."""
    connection = sqlite3.connect(path)
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


@pytest.mark.postgresql
async def test_a_postgresql_database_is_copied_by_the_one_server_that_upgrades_it(
    tmp_path: Path, database: str, versions: Versions, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(await PostgresqlBackend().open(database, tmp_path))
    before = await asyncio.to_thread(shape, database, "public")
    versions.next()
    caplog.set_level(logging.INFO)
    await asyncio.gather(*(closed(PostgresqlBackend().open(database, tmp_path)) for _ in range(4)))
    (copy,) = await asyncio.to_thread(schemas, database)
    assert copy.startswith("backup_0001_")
    assert [copy in record.getMessage() for record in caplog.records if "is upgraded" in record.getMessage()] == [True]
    assert await asyncio.to_thread(shape, database, copy) == before
    assert await asyncio.to_thread(ask, database, "SELECT name, colour FROM queues") == [("kept", "blue")]


@pytest.mark.postgresql
async def test_a_postgresql_backup_is_restored_by_two_names(tmp_path: Path, database: str, versions: Versions) -> None:
    await filled(await PostgresqlBackend().open(database, tmp_path))
    versions.next()
    await closed(PostgresqlBackend().open(database, tmp_path))
    versions.present()
    with pytest.raises(StoreUnavailable, match="newer Trackyard"):
        await PostgresqlBackend().open(database, tmp_path)
    (copy,) = await asyncio.to_thread(schemas, database)
    restore = f'ALTER SCHEMA public RENAME TO upgraded; ALTER SCHEMA "{copy}" RENAME TO public; DROP SCHEMA upgraded CASCADE'
    for statement in restore.split("; "):
        await asyncio.to_thread(ask, database, statement)
    opened = await PostgresqlBackend().open(database, tmp_path)
    assert await opened.write(add_and_list) == ["after", "kept"]
    await opened.close()


@pytest.mark.postgresql
async def test_without_the_right_to_copy_nothing_is_changed(
    tmp_path: Path, database: str, postgresql_cluster: postgresql.Cluster, versions: Versions
) -> None:
    await filled(await PostgresqlBackend().open(database, tmp_path))
    for statement in (
        "DROP ROLE IF EXISTS limited",
        "CREATE ROLE limited LOGIN",
        "GRANT ALL ON SCHEMA public TO limited",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO limited",
    ):
        await asyncio.to_thread(ask, database, statement)
    versions.next()
    with pytest.raises(StoreUnavailable, match=r"could not be copied.*permission denied.*Nothing was changed.*GRANT CREATE"):
        await PostgresqlBackend().open(database.replace("postgres@", "limited@"), tmp_path)
    assert await asyncio.to_thread(ask, database, "SELECT version_num FROM alembic_version") == [("0001",)]
    await asyncio.to_thread(ask, database, "DROP OWNED BY limited; ")
    await asyncio.to_thread(ask, database, "DROP ROLE limited")


async def test_a_file_that_cannot_be_copied_is_not_changed(tmp_path: Path, sqlite_opener: Opener, versions: Versions) -> None:
    await filled(await sqlite_opener())
    (tmp_path / "backups").write_text("in the way")
    versions.next()
    with pytest.raises(StoreUnavailable, match=r"could not be copied before its upgrade: .*exists.* Nothing was changed"):
        await sqlite_opener()
    assert rows_of(tmp_path / "metadata.db", "SELECT version_num FROM alembic_version") == [("0001",)]


@pytest.mark.postgresql
async def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, database: str, sqlite_opener: Opener, versions: Versions
) -> None:
    await filled(await sqlite_opener())
    await filled(await PostgresqlBackend().open(database, tmp_path))
    versions.next(BROKEN)
    for opening in (sqlite_opener, lambda: PostgresqlBackend().open(database, tmp_path)):
        with pytest.raises(StoreUnavailable, match=r"cannot be opened: .*no_such_table"):
            await opening()
    version = "SELECT version_num FROM alembic_version"
    assert rows_of(tmp_path / "metadata.db", version) == await asyncio.to_thread(ask, database, version) == [("0001",)]
    assert await asyncio.to_thread(schemas, database) == []


async def refuse_a_newer(opener: Opener, write: Callable[[str], object]) -> None:
    """A revision that nobody knows is told; with the known one all is well again."""
    await closed(opener())
    await asyncio.to_thread(write, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match=r"newer Trackyard \(revision 9999; this one knows"):
        await opener()
    await asyncio.to_thread(write, f"UPDATE alembic_version SET version_num = '{migrate.HEAD}'")
    await closed(opener())


async def test_a_newer_sqlite_file_is_refused_in_a_plain_sentence(tmp_path: Path, sqlite_opener: Opener) -> None:
    await refuse_a_newer(sqlite_opener, lambda statement: change(tmp_path / "metadata.db", statement))
    assert not (tmp_path / "backups").exists()


@pytest.mark.postgresql
async def test_a_newer_postgresql_database_is_refused_in_a_plain_sentence(tmp_path: Path, database: str) -> None:
    await refuse_a_newer(lambda: PostgresqlBackend().open(database, tmp_path), lambda statement: ask(database, statement))
    assert await asyncio.to_thread(schemas, database) == []


@pytest.mark.postgresql
async def test_servers_that_start_at_once_make_the_tables_once(tmp_path: Path, database: str) -> None:
    await asyncio.gather(*(closed(PostgresqlBackend().open(database, tmp_path)) for _ in range(4)))
    assert await asyncio.to_thread(ask, database, "SELECT version_num FROM alembic_version") == [(migrate.HEAD,)]


def tables_of(path: Path) -> dict[str, list[str]]:
    """The parts of the definition of everything in a SQLite file, in any order."""
    rows = rows_of(path, "SELECT name, sql FROM sqlite_master")
    return {name: sorted(part.strip(" ()") for part in re.split(r",|\n", sql or "")) for name, sql in rows}


async def test_the_migrations_from_nothing_make_what_a_new_file_has(
    tmp_path: Path, sqlite_opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await closed(sqlite_opener())
    new = tables_of(tmp_path / "metadata.db")
    assert {"tasks", "queue_entries", "ix_tasks_status_last_update"} <= set(new)
    monkeypatch.setattr(migrate, "_make", migrate._run)
    await closed(SqliteBackend().open("sqlite:///migrated.db", tmp_path))
    migrated = tables_of(tmp_path / "migrated.db")
    assert migrated == new


@pytest.mark.postgresql
async def test_the_migrations_from_nothing_make_what_a_new_postgresql_database_has(
    tmp_path: Path, postgresql_cluster: postgresql.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []
    for _ in range(2):
        url = await asyncio.to_thread(postgresql_cluster.empty_database, "migrations")
        await closed(PostgresqlBackend().open(url, tmp_path))
        shapes.append(await asyncio.to_thread(shape, url, "public"))
        monkeypatch.setattr(migrate, "_make", migrate._run)
    assert ("tasks", "num") in {row[:2] for row in shapes[0]["columns"]}
    assert shapes[0] == shapes[1]
