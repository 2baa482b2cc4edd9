"""Copies of a database that are made before its upgrade; they need no program beside the server."""

import sqlite3
from pathlib import Path

from sqlalchemy import Column, MetaData, Table, func, insert, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateSchema
from trackyard.core import clock


def backup_file(database: Path, data_dir: Path, revision: str) -> str:
    """Copy a SQLite database into ``data_dir/backups`` and give back the copy's path."""
    folder = data_dir / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"metadata-{revision}-{_moment()}.db"
    source, copy = sqlite3.connect(database), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    target.chmod(0o600)
    return str(target)


def backup_schema(connection: Connection, revision: str) -> str:
    """Copy all tables of a PostgreSQL database into a new schema of it and give back the schema's name.

    Nothing is kept unless the transaction is committed. The copy is whole: tables, indexes, keys and counters have the names
    that they had, so that renaming the two schemas restores it.
    """
    schema = f"backup_{revision}_{_moment()}"
    connection.execute(CreateSchema(schema))
    found = MetaData()
    found.reflect(connection)
    copies = MetaData()
    pairs = [(table, _copy_of(table, copies, schema)) for table in found.sorted_tables]
    copies.create_all(connection)
    for table, copy in pairs:
        connection.execute(insert(copy).from_select(table.columns.keys(), select(table)))
        for column in copy.primary_key:
            _set_counter(connection, copy, column)
    return schema


def _copy_of(table: Table, copies: MetaData, schema: str) -> Table:
    copy = table.to_metadata(copies, schema=schema)
    for column in copy.primary_key:
        if column.server_default is not None:
            column.server_default = None  # the old table's counter; the copy gets one of its own
            column.autoincrement = True
    return copy


def _set_counter(connection: Connection, table: Table, column: Column[object]) -> None:
    counter = connection.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": f"{table.schema}.{table.name}", "column": column.name},
    ).scalar()
    last = connection.execute(select(func.max(column))).scalar() if counter else None
    if last is not None:
        connection.execute(select(func.setval(counter, last)))


def _moment() -> str:
    return f"{clock.now():%Y%m%dT%H%M%S}".lower()
