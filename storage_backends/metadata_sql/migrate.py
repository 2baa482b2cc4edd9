"""Bring a database to the present revision, after a backup; refuse one that a newer server wrote."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Column, Engine, MetaData, PrimaryKeyConstraint, String, Table, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel
from trackyard.core import entities
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.entities import table_of

HEAD = "0001"
"""The newest revision; a test holds it against the scripts."""
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 7416953
"""Of the PostgreSQL advisory lock under which only one server upgrades."""

Backup = Callable[[Connection, str], str]
"""Copies the database; gets the connection of the upgrade and the old revision, gives back what the copy is called."""
log = logging.getLogger(__name__)


def upgrade(engine: Engine, backup: Backup) -> None:
    """Upgrade the tables in one transaction; ``backup`` is called before an older database is changed."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            _wait_for_turn(connection)
        revision = _revision(connection)  # another server may have upgraded meanwhile
        if revision == HEAD:
            return
        if revision is None:
            _make(connection)
        else:
            _keep(connection, revision, backup)
            _run(connection)


def _wait_for_turn(connection: Connection) -> None:
    """One server upgrades at a time, however long copies and changes of many rows take."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


def _keep(connection: Connection, revision: str, backup: Backup) -> None:
    if revision not in _known_revisions():
        raise StoreUnavailable(
            f"The metadata database was written by a newer Trackyard (revision {revision}; this one knows {HEAD}). "
            "Install that version, or restore a backup from before the upgrade."
        )
    try:
        name = backup(connection, revision)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise StoreUnavailable(
            f"The metadata database is of an older Trackyard (revision {revision}) and could not be copied before its upgrade: "
            f"{reason}. Nothing was changed. A copy needs as much free space again, and on PostgreSQL the right to make a "
            "schema (GRANT CREATE ON DATABASE … TO …). See docs/databases.md."
        ) from None
    log.info("the metadata database is upgraded from revision %s to %s; what it was before is kept in %s", revision, HEAD, name)


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision
    if tables:
        raise StoreUnavailable("The metadata database holds tables of another program; give Trackyard a database of its own.")
    return None


def _known_revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _make(connection: Connection) -> None:
    """Make the tables of the entities at once; a test holds that the migrations lead to the same.

    Alembic, which takes 11 MB of memory and a fifth of the start, is loaded for upgrades only.
    """
    SQLModel.metadata.create_all(connection, tables=own_tables())
    version = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))
    version.append_constraint(PrimaryKeyConstraint("version_num", name="alembic_version_pkc"))
    version.create(connection)
    connection.execute(version.insert().values(version_num=HEAD))


def own_tables() -> list[Table]:
    """The tables of the entities; those that a plugin declares beside them are its own business."""
    kinds = [getattr(entities, name) for name in entities.__all__]
    return [table_of(kind) for kind in kinds if isinstance(kind, type) and issubclass(kind, SQLModel)]


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
