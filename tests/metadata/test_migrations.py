"""The migrations and the entities agree, old databases are kept, newer ones refused."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, SQLModel
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.storage_backends.metadata_sql import migrate
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend, SqliteBackend

from tests.metadata.conftest import Opener

SQLITE_ONLY = {"ix_tasks_statistics"}


def differences(session: Session) -> list[object]:
    """How the tables differ from the entities. The comparison does not know of indexes that one dialect alone has."""
    connection = session.connection()

    def counts(item: object, name: str | None, *rest: object) -> bool:
        return name not in SQLITE_ONLY or connection.dialect.name == "sqlite"

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": counts})
    return list(compare_metadata(context, SQLModel.metadata))


async def test_the_migrations_make_the_tables_of_the_entities(sqlite_opener: Opener) -> None:
    opened = await sqlite_opener()
    assert await opened.read(differences) == []
    await opened.close()


@pytest.mark.postgresql
async def test_the_migrations_make_the_tables_of_the_entities_on_postgresql(postgresql_opener: Opener) -> None:
    opened = await postgresql_opener()
    assert await opened.read(differences) == []
    await opened.close()


def test_there_is_one_line_of_revisions_and_it_ends_at_head() -> None:
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_heads() == [migrate.HEAD]


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path, sqlite_opener: Opener) -> None:
    change(tmp_path / "metadata.db", "CREATE TABLE other (id INTEGER)")
    with pytest.raises(StoreUnavailable, match="another program"):
        await sqlite_opener()


async def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path, sqlite_opener: Opener) -> None:
    first = await sqlite_opener()
    with pytest.raises(StoreUnavailable, match="Another Trackyard server already uses"):
        await sqlite_opener()
    await first.close()
    await (await sqlite_opener()).close()


@pytest.mark.parametrize("content", [b"no database at all " * 100, None])
async def test_a_file_that_is_no_database_is_told(tmp_path: Path, content: bytes | None, sqlite_opener: Opener) -> None:
    path = tmp_path / "metadata.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await sqlite_opener()


async def test_urls_name_the_file(tmp_path: Path) -> None:
    for url, path in (("sqlite:///sub/x.db", tmp_path / "sub/x.db"), (f"sqlite:///{tmp_path}/y.db", tmp_path / "y.db")):
        await (await SqliteBackend().open(url, tmp_path)).close()
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.postgresql
async def test_a_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        await PostgresqlBackend().open("postgresql://me:verysecret@127.0.0.1:1/none", tmp_path)
    assert "verysecret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)
    with pytest.raises(StoreUnavailable, match="is no URL"):
        await PostgresqlBackend().open("postgresql://[::1", tmp_path)
