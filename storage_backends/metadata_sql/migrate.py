"""Bring a database to the present revision, after a backup; refuse one that a newer server wrote."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection
from trackyard.core import clock
from trackyard.core.contracts.metadata import StoreUnavailable

HEAD = "0001"
"""The newest revision; a test holds it against the scripts."""
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 7416953
"""Of the PostgreSQL advisory lock under which only one server upgrades."""


def upgrade(engine: Engine, backup: Callable[[str], Path] | None = None) -> None:
    """Upgrade the tables; ``backup`` is called with the old revision before an older database is changed."""
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision == HEAD:
        return
    if revision is not None and revision not in _known_revisions():
        raise StoreUnavailable(
            f"The metadata database was written by a newer Trackyard (revision {revision}; this one knows {HEAD}). "
            "Install that version, or restore a backup from before the upgrade."
        )
    if revision is not None and backup is not None:
        backup(revision)
    _run(engine)


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision
    if tables:
        raise StoreUnavailable("The metadata database holds tables of another program; give Trackyard a database of its own.")
    return None


def _known_revisions() -> set[str]:
    # Alembic takes a quarter of a second to import and is needed only here
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _run(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def backup_file(database: Path, data_dir: Path, revision: str) -> Path:
    """Copy a SQLite database into ``data_dir/backups`` and give back the copy's path."""
    folder = data_dir / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"metadata-{revision}-{clock.now():%Y%m%dT%H%M%S}.db"
    source, copy = sqlite3.connect(database), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    target.chmod(0o600)
    return target
