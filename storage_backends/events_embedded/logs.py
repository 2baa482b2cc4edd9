"""Pages of logs. Each function gets a reading connection."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right

from trackyard.core.contracts.events import LogPage, LogQuery, LogRecord
from trackyard.storage_backends.events_embedded.blocks import LogBlock
from trackyard.storage_backends.events_embedded.catalog import entity_ids

__all__ = ["hot_records", "log_page"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1

_OLDEST_FIRST = "SELECT id, first, last FROM log WHERE entity = ? AND last >= ? AND first <= ? ORDER BY first"
_NEWEST_FIRST = "SELECT id, first, last FROM log WHERE entity = ? AND last >= ? AND first <= ? ORDER BY first DESC"


def _time(record: LogRecord) -> int:
    return record.timestamp


def hot_records(connection: sqlite3.Connection, entity: int) -> list[LogRecord]:
    """Records that are not folded yet, by time and order of arrival."""
    cursor = connection.execute("SELECT data FROM hot WHERE entity = ? AND kind = 'l' ORDER BY id", (entity,))
    return sorted((record for (data,) in cursor for record in LogBlock.read(data).records()), key=_time)


# --- pages ---


def log_page(connection: sqlite3.Connection, query: LogQuery) -> LogPage:
    """See :meth:`EventStore.logs`."""
    entity = entity_ids(connection, query.entity.kind, [query.entity.id]).get(query.entity.id)
    if entity is None:
        return LogPage([], 0)
    first = LOWEST if query.after is None else query.after + 1
    last = HIGHEST if query.before is None else query.before - 1
    hot = hot_records(connection, entity)
    total = (connection.execute("SELECT sum(count) FROM log WHERE entity = ?", (entity,)).fetchone()[0] or 0) + len(hot)
    hot = hot[bisect_left(hot, first, key=_time) : bisect_right(hot, last, key=_time)]
    records = _collect(connection, entity, (first, last), hot, query)
    return LogPage(_page(records, query.limit, query.newest), total)


def _collect(
    connection: sqlite3.Connection, entity: int, span: tuple[int, int], hot: list[LogRecord], query: LogQuery
) -> list[LogRecord]:
    """Records of a stretch from one of its ends, block by block, until there are enough; sorted."""
    cursor = connection.execute(_NEWEST_FIRST if query.newest else _OLDEST_FIRST, (entity, *span))
    parts: list[list[LogRecord]] = []
    count, done = 0, False
    for number, first, last in cursor:
        block = LogBlock.read(connection.execute("SELECT data FROM log WHERE id = ?", (number,)).fetchone()[0])
        times = block.timestamps.tolist()
        parts.append(block.records(bisect_left(times, span[0]), bisect_right(times, span[1])))
        count += len(parts[-1])
        if count >= query.limit:
            edge = first if query.newest else last
            hot = [record for record in hot if (record.timestamp >= edge if query.newest else record.timestamp <= edge)]
            done = True
        if done:
            break
    if query.newest:
        parts.reverse()
    return sorted([*(record for part in parts for record in part), *hot], key=_time)


def _page(records: list[LogRecord], limit: int, newest: bool) -> list[LogRecord]:
    """Cut to the limit, with the last millisecond whole."""
    if len(records) <= limit:
        return records
    if newest:
        edge = records[-limit].timestamp
        return records[bisect_left(records, edge, key=_time) :]
    return records[: bisect_right(records, records[limit - 1].timestamp, key=_time)]
