"""Open stores by URL: find the file or the server, bring the tables to the present revision."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from trackyard.core.contracts.metadata import MetadataStore, StoreUnavailable
from trackyard.storage_backends.metadata_sql import backups, migrate
from trackyard.storage_backends.metadata_sql.threads import in_thread

FILE_NAME = "metadata.db"


class SqliteBackend:
    """``sqlite:`` is a file in the data directory, ``sqlite:///name`` another one there, ``sqlite:////path`` one anywhere."""

    schemes: tuple[str, ...] = ("sqlite",)

    async def open(self, url: str, data_dir: Path) -> MetadataStore:
        """See ``MetadataBackend.open``."""
        return await in_thread(lambda: _open_sqlite(url, data_dir), "metadata-open")


def _open_sqlite(url: str, data_dir: Path) -> MetadataStore:
    from trackyard.storage_backends.metadata_sql.sqlite import DataLock, SqliteStore, make_engine

    path = data_dir / ((make_url(url).database if "/" in url else None) or FILE_NAME)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = DataLock(path)
    except OSError as error:
        raise StoreUnavailable(f"The database {path} cannot be opened: {error.strerror}.") from None
    try:
        engine = make_engine(path, writes=True)
        try:
            migrate.upgrade(engine, lambda connection, revision: backups.backup_file(path, data_dir, revision))
        finally:
            engine.dispose()
        path.chmod(0o600)
        return SqliteStore(path, lock)
    except SQLAlchemyError as error:
        lock.release()
        raise StoreUnavailable(f"The database {path} cannot be opened: {getattr(error, 'orig', error)}.") from None
    except BaseException:
        lock.release()
        raise


class PostgresqlBackend:
    """``postgresql://user:password@host/database``; needs the extra ``trackyard[postgresql]``."""

    schemes: tuple[str, ...] = ("postgresql", "postgresql+psycopg")

    async def open(self, url: str, data_dir: Path) -> MetadataStore:
        """See ``MetadataBackend.open``."""
        return await in_thread(lambda: _open_postgresql(url), "metadata-open")


def _open_postgresql(url: str) -> MetadataStore:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise StoreUnavailable("PostgreSQL needs a driver: pip install 'trackyard[postgresql]'.") from None
    from trackyard.storage_backends.metadata_sql.postgresql import PostgresqlStore, make_engine

    target = _postgresql_url(url)
    engine = make_engine(target)
    try:
        migrate.upgrade(engine, backups.backup_schema)
    except SQLAlchemyError as error:
        engine.dispose()
        place = target.render_as_string(hide_password=True)
        raise StoreUnavailable(f"The database {place} cannot be opened: {str(getattr(error, 'orig', error)).strip()}") from None
    except BaseException:
        engine.dispose()
        raise
    return PostgresqlStore(engine)


def _postgresql_url(url: str) -> URL:
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise StoreUnavailable("storage.metadata is no URL of the form postgresql://user:password@host/database.") from None
