"""Metadata in SQL: SQLite in the data directory by default, PostgreSQL by URL."""

from trackyard.core.contracts.metadata import MetadataBackend
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.storage_backends.metadata_sql.backend import PostgresqlBackend, SqliteBackend


class MetadataSqlPlugin(Plugin):
    """Offers the metadata backends of the schemes ``sqlite`` and ``postgresql``."""

    name = "metadata-sql"
    summary = "Documents in SQLite or PostgreSQL"
    essential = True

    @hookimpl
    def trackyard_metadata_backends(self) -> list[MetadataBackend]:
        """The two backends."""
        return [SqliteBackend(), PostgresqlBackend()]
