"""Reading and searching logs. Each function gets a reading connection."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from trackyard.core.contracts.events import LogHit, LogPage, LogQuery, LogRecord, LogSearch, LogSearchPage
from trackyard.storage_backends.events_embedded.blocks import LogBlock
from trackyard.storage_backends.events_embedded.catalog import entity_ids
from trackyard.storage_backends.events_embedded.compaction import log_rows

__all__ = ["log_page", "search_logs"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1

_OLDEST_FIRST = "SELECT id, first, last FROM log WHERE entity = ? AND last >= ? AND first <= ? ORDER BY first"
_NEWEST_FIRST = "SELECT id, first, last FROM log WHERE entity = ? AND last >= ? AND first <= ? ORDER BY first DESC"

SEARCH_BYTES = 512 << 20
"""Text looked through in one call; a longer search goes on with its cursor."""


def _time(record: LogRecord) -> int:
    return record.timestamp


def _read(connection: sqlite3.Connection, block: int) -> LogBlock:
    return LogBlock.read(connection.execute("SELECT data FROM log WHERE id = ?", (block,)).fetchone()[0])


def _hot_records(connection: sqlite3.Connection, entity: int) -> list[LogRecord]:
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
    hot = _hot_records(connection, entity)
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
        block = _read(connection, number)
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


# --- search ---


class _Log:
    """The log of one entity in stretches of time: its blocks, each with the hot records that belong among it, then the rest."""

    def __init__(self, connection: sqlite3.Connection, entity: int) -> None:
        self._connection = connection
        self._blocks = log_rows(connection, entity)
        hot = _hot_records(connection, entity)
        self._hot: list[list[LogRecord]] = []
        for block in self._blocks:
            at = bisect_right(hot, block.last, key=_time)
            self._hot.append(hot[:at])
            hot = hot[at:]
        self._hot.append(hot)

    def __len__(self) -> int:
        return len(self._hot)

    def span(self, index: int) -> tuple[int, int]:
        """The first and the last time of a stretch."""
        hot = self._hot[index]
        spans = [(hot[0].timestamp, hot[-1].timestamp)] if hot else []
        if index < len(self._blocks):
            spans.append((self._blocks[index].first, self._blocks[index].last))
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else (HIGHEST, LOWEST)

    def text(self, index: int) -> bytes:
        """The text of a stretch, as cheaply as it can be had."""
        text = self._block(index).text if index < len(self._blocks) else b""
        return text + "\n".join(record.message for record in self._hot[index]).encode("utf-8", "surrogatepass")

    def records(self, index: int) -> list[LogRecord]:
        """The records of a stretch; none outside of the log."""
        if not 0 <= index < len(self):
            return []
        stored = self._block(index).records() if index < len(self._blocks) else []
        return sorted(stored + self._hot[index], key=_time)

    def _block(self, index: int) -> LogBlock:
        return _read(self._connection, self._blocks[index].id)


@dataclass(slots=True)
class _Cursor:
    """Where a search stands: the entity's place in the query, a time, and how many hits of that time were given."""

    entity: int = 0
    time: int = LOWEST
    given: int = 0

    @staticmethod
    def parse(text: str) -> _Cursor:
        """The inverse of ``str``; a text that is no cursor starts anew."""
        try:
            return _Cursor(*map(int, text.split(".")))
        except (TypeError, ValueError):
            return _Cursor()

    def __str__(self) -> str:
        return f"{self.entity}.{self.time}.{self.given}"

    def advance(self, time: int) -> None:
        """Count a hit."""
        self.given = self.given + 1 if time == self.time else 1
        self.time = time

    def move(self, time: int) -> None:
        """Go on to a later time."""
        if time > self.time:
            self.time, self.given = time, 0


class _Search:
    """One call of a search."""

    def __init__(self, connection: sqlite3.Connection, query: LogSearch) -> None:
        self._connection = connection
        self._query = query
        self._needle = self._folded(query.text)
        self._left = SEARCH_BYTES
        self._hits: list[LogHit] = []

    def run(self) -> LogSearchPage:
        """The page."""
        cursor = _Cursor.parse(self._query.cursor)
        known = entity_ids(self._connection, self._query.kind, self._query.entities)
        for index in range(max(cursor.entity, 0), len(self._query.entities)):
            if index != cursor.entity:
                cursor = _Cursor(index)
            name = self._query.entities[index]
            if name in known and not self._log(name, _Log(self._connection, known[name]), cursor):
                return LogSearchPage(self._hits, str(cursor))
        return LogSearchPage(self._hits)

    def _log(self, name: str, log: _Log, cursor: _Cursor) -> bool:
        """Search one log from the cursor on; False when the page is full or the call has looked through enough."""
        start, skip = cursor.time, cursor.given
        for stretch in range(len(log)):
            first, last = log.span(stretch)
            if last < start:
                continue
            if self._left <= 0:
                cursor.move(first)
                return False
            text = log.text(stretch)
            self._left -= len(text)
            if self._needle not in self._folded_bytes(text):
                continue
            for hit in self._stretch(name, log, stretch, start):
                if hit.timestamp == start and skip:
                    skip -= 1
                    continue
                if len(self._hits) == self._query.limit:
                    return False
                self._hits.append(hit)
                cursor.advance(hit.timestamp)
        return True

    def _stretch(self, name: str, log: _Log, stretch: int, start: int) -> Iterator[LogHit]:
        """Hits of a stretch, with the lines around them, which may lie in the stretches next to it."""
        context = self._query.context
        lines = _lines(log.records(stretch))
        found = [place for place, (record, line) in enumerate(lines) if record.timestamp >= start and self._matches(line)]
        if not found:
            return
        ahead = [line for _, line in _lines(log.records(stretch - 1))[-context:]] if context and found[0] < context else []
        behind = _lines(log.records(stretch + 1))[:context] if found[-1] + context >= len(lines) else []
        texts = [*ahead, *(line for _, line in lines), *(line for _, line in behind)]
        for place in found:
            record, line = lines[place]
            at = place + len(ahead)
            around = texts[max(at - context, 0) : at], texts[at + 1 : at + 1 + context]
            yield LogHit(name, record.timestamp, record.level, record.worker, line, *around)

    def _matches(self, line: str) -> bool:
        return self._needle in self._folded(line)

    def _folded(self, text: str) -> bytes:
        return self._folded_bytes(text.encode("utf-8", "surrogatepass"))

    def _folded_bytes(self, text: bytes) -> bytes:
        return text if self._query.match_case else text.lower()


def _lines(records: list[LogRecord]) -> list[tuple[LogRecord, str]]:
    """The lines of records, each with its record."""
    return [(record, line) for record in records for line in record.message.split("\n")]


def search_logs(connection: sqlite3.Connection, query: LogSearch) -> LogSearchPage:
    """See :meth:`EventStore.search_logs`."""
    return _Search(connection, query).run() if query.text else LogSearchPage([])
