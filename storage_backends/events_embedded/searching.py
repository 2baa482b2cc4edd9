"""Searching logs: blocks are unpacked and looked through by several threads, and only those that may match are taken apart."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from trackyard.core.contracts.events import LogHit, LogRecord, LogSearch, LogSearchPage
from trackyard.storage_backends.events_embedded.blocks import LogBlock
from trackyard.storage_backends.events_embedded.catalog import entity_ids
from trackyard.storage_backends.events_embedded.columns import decompress
from trackyard.storage_backends.events_embedded.compaction import log_rows
from trackyard.storage_backends.events_embedded.filters import RUN, folded, may_hold, runs_of
from trackyard.storage_backends.events_embedded.logs import hot_records

__all__ = ["search_logs"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1

SEARCH_BYTES = 1 << 30
"""Text looked through in one call; a longer search goes on with its cursor."""

PART = 64 << 10
"""Bytes of text that are looked through for a very short needle in one go."""

AHEAD = 8
"""Blocks that are looked through ahead of the one whose turn it is."""


def _time(record: LogRecord) -> int:
    return record.timestamp


class _Needle:
    """The text looked for."""

    def __init__(self, text: str, match_case: bool) -> None:
        encoded = text.encode("utf-8", "surrogatepass")
        self._match_case = match_case
        self._exact = encoded if match_case else encoded.lower()
        self._rough = encoded if match_case else folded(encoded).tobytes()
        self.runs = runs_of(encoded)

    def may_be_in(self, text: bytes) -> bool:
        """Whether the text holds it, or something like it: folding costs a tenth of lower case, and other threads run
        meanwhile."""
        if self._match_case:
            return self._exact in text
        column = folded(text)
        return _holds(column, self._rough) if len(self._rough) < RUN else self._rough in column.tobytes()

    def places(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines that hold it begin and end, in a text with a line feed after each line."""
        folded = text if self._match_case else text.lower()
        at = -1 if b"\n" in self._exact else folded.find(self._exact)
        while at >= 0:
            end = folded.index(b"\n", at)
            yield folded.rfind(b"\n", 0, at) + 1, end
            at = folded.find(self._exact, end)


def _holds(column: NDArray[np.uint8], needle: bytes) -> bool:
    """Whether a few bytes stand in a column; looking for so few at a time takes other ways long. Goes by parts that stay in the
    processor's cache."""
    last = len(needle) - 1
    for start in range(0, len(column) - last, PART):
        part = column[start : start + PART + last]
        count = len(part) - last
        found = part[:count] == needle[0]
        for place in range(1, len(needle)):
            found &= part[place : place + count] == needle[place]
        if found.any():
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Look:
    """What came of looking through a block: the bytes of it, and whether it may hold the needle."""

    size: int
    promising: bool


def _look(data: bytes, needle: _Needle) -> _Look:
    """Look through a block as it is stored; what stands around its text does no harm."""
    raw = decompress(data)
    return _Look(len(raw), needle.may_be_in(raw))


class _Log:
    """The log of one entity in stretches of time: its blocks, each with the hot records that belong among it, then the rest."""

    def __init__(self, connection: sqlite3.Connection, entity: int) -> None:
        self._connection = connection
        self._blocks = log_rows(connection, entity)
        hot = hot_records(connection, entity)
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

    def look(self, index: int, needle: _Needle, pool: ThreadPoolExecutor) -> Future[_Look] | _Look:
        """Look through a stretch, its block in another thread."""
        found = any(needle.may_be_in(record.message.encode("utf-8", "surrogatepass")) for record in self._hot[index])
        if found or index == len(self._blocks):
            return _Look(0, found)
        if not found and not self._may_hold(index, needle):
            return _Look(0, False)
        return pool.submit(_look, self._data(index), needle)

    def _may_hold(self, index: int, needle: _Needle) -> bool:
        """What the filter of a block says, if it has one."""
        if not needle.runs:
            return True
        row = self._connection.execute("SELECT data FROM log_filter WHERE log = ?", (self._blocks[index].id,)).fetchone()
        return row is None or may_hold(row[0], needle.runs)

    def block(self, index: int) -> LogBlock:
        """The records of a stretch, in order; none outside of the log."""
        hot = self._hot[index] if 0 <= index < len(self) else []
        if not 0 <= index < len(self._blocks):
            return LogBlock.of(hot)
        block = LogBlock.read(self._data(index))
        return LogBlock.of(sorted(block.records() + hot, key=_time)) if hot else block

    def _data(self, index: int) -> bytes:
        data: bytes = self._connection.execute("SELECT data FROM log WHERE id = ?", (self._blocks[index].id,)).fetchone()[0]
        return data


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

    def __init__(self, connection: sqlite3.Connection, query: LogSearch, pool: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._query = query
        self._needle = _Needle(query.text, query.match_case)
        self._pool = pool
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
        for stretch, look in self._looks(log, start):
            if self._left <= 0:
                cursor.move(log.span(stretch)[0])
                return False
            self._left -= look.size
            for hit in self._stretch(name, log, stretch, start) if look.promising else ():
                if hit.timestamp == start and skip:
                    skip -= 1
                    continue
                if len(self._hits) == self._query.limit:
                    return False
                self._hits.append(hit)
                cursor.advance(hit.timestamp)
        return True

    def _looks(self, log: _Log, start: int) -> Iterator[tuple[int, _Look]]:
        """The stretches of a log that end at ``start`` or later, in order, each looked through."""
        under_way: deque[tuple[int, Future[_Look] | _Look]] = deque()
        for stretch in range(len(log)):
            if log.span(stretch)[1] >= start:
                under_way.append((stretch, log.look(stretch, self._needle, self._pool)))
            if len(under_way) > AHEAD:
                yield self._next(under_way)
        while under_way:
            yield self._next(under_way)

    @staticmethod
    def _next(under_way: deque[tuple[int, Future[_Look] | _Look]]) -> tuple[int, _Look]:
        stretch, look = under_way.popleft()
        return stretch, look if isinstance(look, _Look) else look.result()

    def _stretch(self, name: str, log: _Log, stretch: int, start: int) -> Iterator[LogHit]:
        """Hits of a stretch, with the lines around them, which may lie in the stretches next to it."""
        block = log.block(stretch)
        for first, last in self._needle.places(block.text):
            index = int(np.searchsorted(block.ends, last))
            if block.timestamps[index] >= start:
                before = _before(log, stretch, block.text, first, self._query.context)
                after = _after(log, stretch, block.text, last + 1, self._query.context)
                record = block.record(index)
                yield LogHit(name, record.timestamp, record.level, record.worker, _shown(block.text[first:last]), before, after)


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "surrogatepass")


def _before(log: _Log, stretch: int, text: bytes, end: int, count: int) -> list[str]:
    """The last ``count`` lines before a place in the text of a stretch."""
    found: list[str] = []
    while end > 0 and len(found) < count:
        begin = text.rfind(b"\n", 0, end - 1) + 1
        found.insert(0, _shown(text[begin : end - 1]))
        end = begin
    if len(found) < count and stretch > 0:
        earlier = log.block(stretch - 1).text
        return _before(log, stretch - 1, earlier, len(earlier), count - len(found)) + found
    return found


def _after(log: _Log, stretch: int, text: bytes, begin: int, count: int) -> list[str]:
    """The first ``count`` lines from a place in the text of a stretch on."""
    found: list[str] = []
    while begin < len(text) and len(found) < count:
        end = text.index(b"\n", begin)
        found.append(_shown(text[begin:end]))
        begin = end + 1
    if len(found) < count and stretch + 1 < len(log):
        found += _after(log, stretch + 1, log.block(stretch + 1).text, 0, count - len(found))
    return found


def search_logs(connection: sqlite3.Connection, query: LogSearch, pool: ThreadPoolExecutor) -> LogSearchPage:
    """See :meth:`EventStore.search_logs`; ``pool`` lends its threads."""
    return _Search(connection, query, pool).run() if query.text else LogSearchPage([])
