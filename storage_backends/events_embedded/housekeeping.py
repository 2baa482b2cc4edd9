"""Deleting, giving space back, retention, figures of space, and the check of everything."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import zstandard
from trackyard.core.contracts.events import Entity, EntityKind, Fault, Space
from trackyard.storage_backends.events_embedded.blocks import HotScalars, LogBlock
from trackyard.storage_backends.events_embedded.catalog import entity_ids
from trackyard.storage_backends.events_embedded.chunks import unpack_chunk
from trackyard.storage_backends.events_embedded.columns import checksum
from trackyard.storage_backends.events_embedded.compaction import (
    Fold,
    log_pieces,
    log_rows,
    new_chunk,
    new_log,
    read_chunk,
    read_logs,
)

__all__ = ["delete_entities", "faults", "free_pages", "purge_step", "space", "trim_items", "trim_logs", "trim_series"]

STEP_ROWS = 32
"""Rows removed in one step of purging (spelt out in the statements below)."""

STEP_PAGES = 64
"""Pages given back to the file system in one step (512 KiB), for which writers have to wait."""

FEW_PAGES = 512
"""So many free pages are not worth the work."""

_BY_ENTITY = (
    "DELETE FROM hot WHERE id IN (SELECT id FROM hot WHERE entity = ? LIMIT 32)",
    "DELETE FROM log WHERE id IN (SELECT id FROM log WHERE entity = ? LIMIT 32)",
)
_BY_SERIES = (
    "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE series = ? LIMIT 32)",
    "DELETE FROM item WHERE id IN (SELECT id FROM item WHERE series = ? LIMIT 32)",
)


def delete_entities(connection: sqlite3.Connection, kind: EntityKind, names: Sequence[str]) -> int:
    """Make entities vanish and leave their rows to :func:`purge_step`; how many events they had."""
    total = 0
    for number in entity_ids(connection, kind, names).values():
        total += sum(events for _, events, _ in _kept(connection, number))
        connection.execute("DELETE FROM entity WHERE id = ?", (number,))
        connection.execute("INSERT INTO purge (entity) VALUES (?)", (number,))
    return total


def purge_step(connection: sqlite3.Connection) -> bool:
    """Remove some rows of a deleted entity; False when none is left."""
    row = connection.execute("SELECT entity FROM purge LIMIT 1").fetchone()
    if row is None:
        return False
    for statement in _BY_ENTITY:
        if connection.execute(statement, row).rowcount:
            return True
    removed = 0
    for (series,) in connection.execute("SELECT id FROM series WHERE entity = ? LIMIT 256", row).fetchall():
        for statement in _BY_SERIES:
            removed += connection.execute(statement, (series,)).rowcount
            if removed >= STEP_ROWS:
                return True
        connection.execute("DELETE FROM series WHERE id = ?", (series,))
    if connection.execute("SELECT 1 FROM series WHERE entity = ?", row).fetchone() is None:
        connection.execute("DELETE FROM purge WHERE entity = ?", row)
    return True


def free_pages(connection: sqlite3.Connection) -> bool:
    """Give some free pages back to the file system when there are many; False when there is nothing worth doing.

    A tenth of the database may stay free: new events go there without growing the file.
    """
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if free <= max(FEW_PAGES, connection.execute("PRAGMA page_count").fetchone()[0] // 10):
        return False
    connection.execute(f"PRAGMA incremental_vacuum({STEP_PAGES})").fetchall()
    return True


# --- retention ---


def trim_series(connection: sqlite3.Connection, entity: int, series: int, before: int) -> tuple[Fold, int]:
    """Points of a folded series older than ``before`` (ms): what the writer is to do, and how many they are."""
    fold = Fold(entity, "s", [], [], [], [], [])
    removed = 0
    rows = connection.execute(
        "SELECT id, last_time, count FROM chunk WHERE series = ? AND first_time < ?", (series, before)
    ).fetchall()
    total = connection.execute("SELECT sum(count) FROM chunk WHERE series = ?", (series,)).fetchone()[0]
    for number, last_time, count in rows:
        fold.drop_chunks.append(number)
        removed += count
        if last_time >= before:
            points = read_chunk(connection, number)
            kept = points.pick(points.timestamps >= before)
            fold.add_chunks.append(new_chunk(series, kept, total))
            removed -= len(kept)
    return fold, removed


def trim_logs(connection: sqlite3.Connection, entity: int, before: int) -> tuple[Fold, int]:
    """Folded log records older than ``before`` (ms): what the writer is to do, and how many they are."""
    fold = Fold(entity, "l", [], [], [], [], [])
    removed = 0
    for block in log_rows(connection, entity):
        if block.first >= before:
            break
        fold.drop_logs.append(block.id)
        removed += block.count
        if block.last >= before:
            kept = [record for record in read_logs(connection, block.id) if record.timestamp >= before]
            fold.add_logs += [new_log(entity, piece) for piece in log_pieces(kept)]
            removed -= len(kept)
    return fold, removed


def trim_items(connection: sqlite3.Connection, series: int, before: int) -> int:
    """Remove samples of a series older than ``before`` (ms); part of a transaction of the writer."""
    return connection.execute("DELETE FROM item WHERE series = ? AND timestamp < ?", (series, before)).rowcount


# --- figures ---


def space(connection: sqlite3.Connection, kind: EntityKind, names: Sequence[str] | None) -> list[Space]:
    """See :meth:`EventStore.space`."""
    if names is None:
        rows = connection.execute("SELECT name, id FROM entity WHERE kind = ? ORDER BY name", (kind,)).fetchall()
    else:
        rows = list(entity_ids(connection, kind, names).items())
    found: dict[tuple[str, str], Space] = {}
    for name, number in rows:
        for what, events, size in _kept(connection, number):
            old = found.get((name, what), Space(Entity(kind, name), what, 0, 0))
            found[name, what] = Space(old.entity, what, old.events + events, old.size + size)
    return [item for item in found.values() if item.events]


def _kept(connection: sqlite3.Connection, entity: int) -> Iterator[tuple[str, int, int]]:
    """Type, events and bytes of what an entity keeps; a type may come more than once."""
    hot_types = {"s": "training_stats_scalar", "l": "log"}
    for what, events, size in connection.execute(
        "SELECT kind, sum(events), sum(length(data)) FROM hot WHERE entity = ? GROUP BY kind ORDER BY kind", (entity,)
    ):
        yield hot_types[what], events, size
    for what, events, size in connection.execute(
        "SELECT s.type, sum(c.count), sum(c.size) FROM series s JOIN chunk c ON c.series = s.id WHERE s.entity = ? GROUP BY 1",
        (entity,),
    ):
        yield what, events, size
    for what, events, size in connection.execute(
        "SELECT s.type, count(*), sum(i.bytes) FROM series s JOIN item i ON i.series = s.id WHERE s.entity = ?"
        " GROUP BY 1 ORDER BY 1",
        (entity,),
    ):
        yield what, events, size
    events, size = connection.execute("SELECT sum(count), sum(size) FROM log WHERE entity = ?", (entity,)).fetchone()
    if events:
        yield "log", events, size


# --- the check ---


def faults(connection: sqlite3.Connection) -> list[Fault]:
    """See :meth:`EventStore.fsck`."""
    try:
        found = [Fault("database", row[0]) for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        found += _bad_rows(connection, "SELECT id, crc, data FROM hot WHERE kind = 's'", "hot", HotScalars.read)
        found += _bad_rows(connection, "SELECT id, crc, data FROM hot WHERE kind = 'l'", "hot", LogBlock.read)
        found += _bad_chunks(connection)
        found += _bad_rows(connection, "SELECT id, crc, data FROM log", "log", LogBlock.read)
        found += _bad_rows(connection, "SELECT log, crc, data FROM log_filter", "log filter", bytes)
        found += _bad_rows(connection, "SELECT id, crc, data FROM item", "item", bytes)
    except sqlite3.DatabaseError as error:
        return [Fault("database", str(error))]
    return found


def _bad_chunks(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Chunks are kept in two parts, of which either may be bad."""
    for number, *parts in connection.execute("SELECT id, summary_crc, summary, crc, data FROM chunk"):
        summary, data = parts[1], parts[3]
        good = (checksum(summary) == parts[0], checksum(data) == parts[2])
        for where, fits in zip(("chunk summary", "chunk"), good, strict=True):
            if not fits:
                yield Fault(f"{where} {number}", "does not match its checksum")
        if all(good):
            yield from _unreadable(f"chunk {number}", partial(unpack_chunk, data, summary))


def _bad_rows(connection: sqlite3.Connection, query: str, where: str, read: Callable[[bytes], object]) -> Iterator[Fault]:
    """Rows whose blob does not match its checksum or cannot be read."""
    for number, crc, data in connection.execute(query):
        if checksum(data) != crc:
            yield Fault(f"{where} {number}", "does not match its checksum")
        else:
            yield from _unreadable(f"{where} {number}", partial(read, data))


def _unreadable(where: str, read: Callable[[], object]) -> Iterator[Fault]:
    try:
        read()
    except (ValueError, IndexError, struct.error, zstandard.ZstdError) as error:
        yield Fault(where, f"cannot be read: {error}")
