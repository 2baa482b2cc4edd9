"""The database: its tables and how connections to it are opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from trackyard.core.contracts.events import EventStoreError

__all__ = ["VERSION", "connect_reader", "connect_writer", "touch"]

VERSION = 2

PAGE_SIZE = 8192
READ_CACHE_KIB = 4096

# hot: one row per entity and append, kind "s" (scalars) or "l" (logs), folded into chunk and log soon.
# chunk: points of one series; the chunks of a series never overlap. first/last: iterations; first_time/last_time: ms.
# log: records of one entity; blocks never overlap and never share a millisecond. first/last: ms.
# item: a plot, image or vector of one iteration. label of series: that of the horizontal axis.
# purge: entities whose rows are being removed.
SCHEMA = """
CREATE TABLE entity (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));
CREATE TABLE purge (entity INTEGER PRIMARY KEY);
CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL, type TEXT NOT NULL, metric TEXT NOT NULL,
    variant TEXT NOT NULL, label TEXT, worker TEXT NOT NULL DEFAULT '', UNIQUE (entity, type, metric, variant));
CREATE TABLE hot (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL, kind TEXT NOT NULL, events INTEGER NOT NULL,
    crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX hot_entity ON hot (entity, kind);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, count INTEGER NOT NULL, size INTEGER NOT NULL,
    crc INTEGER NOT NULL, summary_crc INTEGER NOT NULL, summary BLOB NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunk_series ON chunk (series, first, last, first_time, last_time, count, size);
CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX log_entity ON log (entity, first, last, count, size);
CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL, iteration INTEGER NOT NULL, key TEXT NOT NULL,
    timestamp INTEGER NOT NULL, size INTEGER NOT NULL, bytes INTEGER NOT NULL, worker TEXT NOT NULL, crc INTEGER NOT NULL,
    data BLOB NOT NULL);
CREATE UNIQUE INDEX item_series ON item (series, iteration, key);
"""

# log_filter: see filters.py; goes with its block. Since version 2, in which summaries of chunks have become finer, too.
SINCE_2 = """
CREATE TABLE log_filter (log INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TRIGGER log_filter_goes AFTER DELETE ON log BEGIN DELETE FROM log_filter WHERE log = old.id; END;
"""


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes; creates the tables of a new database.

    :raises EventStoreError: the file is no database of ours, or one of a newer version.
    """
    try:
        if not path.exists():
            path.touch(mode=0o600)
        path.chmod(0o600)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except (sqlite3.Error, OSError) as error:
        raise EventStoreError(f"cannot open the event store {path}: {error}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise EventStoreError(f"cannot open the event store {path}: {error}") from error
    except EventStoreError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    connection.execute("PRAGMA journal_size_limit=67108864")
    connection.execute("PRAGMA cache_size=-16384")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise EventStoreError(f"the event store {path} was written by a newer version ({version} > {VERSION})")
    if version == 0:
        connection.executescript(f"BEGIN;{SCHEMA}{SINCE_2}PRAGMA user_version={VERSION};COMMIT;")
    elif version < VERSION:
        connection.executescript(f"BEGIN;{SINCE_2}PRAGMA user_version={VERSION};COMMIT;")


def touch(connection: sqlite3.Connection) -> None:
    """Write something that changes nothing, to see whether the file can be written."""
    connection.execute(f"PRAGMA user_version={VERSION}")


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=30,
    )
    connection.execute("PRAGMA query_only=1")
    connection.execute(f"PRAGMA cache_size=-{READ_CACHE_KIB}")
    return connection
