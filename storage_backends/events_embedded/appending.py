"""From a batch to rows: what is packed before the writer's turn, and what the writer does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, LogRecord, Sample
from trackyard.storage_backends.events_embedded.blocks import FAST_LEVEL, hot_row, pack_logs, scalar_columns
from trackyard.storage_backends.events_embedded.catalog import Catalog
from trackyard.storage_backends.events_embedded.columns import checksum, compress

__all__ = ["Grown", "Packed", "pack_batch", "weight"]

MAX_LOG_ROW = 16_384
"""Records of one row of the hot log."""


@dataclass(slots=True)
class _Item:
    """A sample, packed."""

    sample: Sample
    size: int
    data: bytes
    crc: int


@dataclass(slots=True)
class _PackedEntity:
    events: EntityEvents
    columns: bytes
    logs: list[tuple[int, bytes, int]]
    items: list[_Item]


@dataclass(frozen=True, slots=True)
class Grown:
    """How much an append put into the hot table for one entity, for the compactor."""

    entity: int
    rows: int
    events: int


@dataclass(slots=True)
class Packed:
    """A batch ready for the writer; ``size`` is its payload in bytes."""

    entities: list[_PackedEntity]
    count: int
    size: int

    def write(self, connection: sqlite3.Connection, catalog: Catalog) -> list[Grown]:
        """Insert the rows; part of a transaction of the writer."""
        grown = []
        for packed in self.entities:
            entity = catalog.entity(connection, packed.events.entity)
            rows = events = 0
            if packed.events.scalars is not None and len(packed.events.scalars):
                events += _insert_scalars(connection, catalog, entity, packed)
                rows += 1
            for count, data, crc in packed.logs:
                _insert_hot(connection, entity, "l", count, data, crc)
                rows, events = rows + 1, events + count
            _insert_items(connection, catalog, packed.events.entity, packed.items)
            if rows:
                grown.append(Grown(entity, rows, events))
        return grown


def weight(batch: EventBatch) -> int:
    """About how many bytes a batch is to pack; decides whether packing is worth a thread."""
    total = 0
    for item in batch.items:
        total += 24 * len(item.scalars) if item.scalars is not None else 0
        total += sum(10 * len(sample.text) + 100 for sample in item.samples)
        total += sum(5 * len(record.message) + 100 for record in item.logs)
    return total


def pack_batch(batch: EventBatch) -> Packed:
    """Pack everything that needs no number from the database."""
    entities = [_pack_entity(events) for events in batch.items if len(events)]
    size = sum(
        len(entity.columns) + sum(len(data) for _, data, _ in entity.logs) + sum(len(item.data) for item in entity.items)
        for entity in entities
    )
    return Packed(entities, len(batch), size)


def _pack_entity(events: EntityEvents) -> _PackedEntity:
    columns = scalar_columns(events.scalars) if events.scalars is not None else b""
    logs = []
    for records in _slices(events.logs):
        data = pack_logs(records, FAST_LEVEL)
        logs.append((len(records), data, checksum(data)))
    return _PackedEntity(events, columns, logs, [_pack_item(sample) for sample in events.samples])


def _slices(records: list[LogRecord]) -> Iterator[list[LogRecord]]:
    for start in range(0, len(records), MAX_LOG_ROW):
        yield records[start : start + MAX_LOG_ROW]


def _pack_item(sample: Sample) -> _Item:
    if sample.vector is not None:
        data, size = compress(sample.vector.tobytes()), len(sample.vector)
    elif sample.type == "plot":
        data, size = compress(sample.text.encode("utf-8", "surrogatepass")), len(sample.text)
    else:
        data, size = sample.text.encode("utf-8", "surrogatepass"), len(sample.text)
    return _Item(sample, size, data, checksum(data))


def _insert_hot(connection: sqlite3.Connection, entity: int, kind: str, events: int, data: bytes, crc: int) -> None:
    connection.execute(
        "INSERT INTO hot (entity, kind, events, crc, data) VALUES (?, ?, ?, ?, ?)", (entity, kind, events, crc, data)
    )


def _insert_scalars(connection: sqlite3.Connection, catalog: Catalog, entity: int, packed: _PackedEntity) -> int:
    scalars = packed.events.scalars
    if scalars is None:
        return 0
    series = catalog.series(connection, packed.events.entity, "training_stats_scalar", scalars.names)
    for number, label in zip(series, scalars.labels, strict=True):
        catalog.describe(connection, packed.events.entity, number, label, packed.events.worker)
    data = hot_row(series, len(scalars), packed.columns)
    _insert_hot(connection, entity, "s", len(scalars), data, checksum(data))
    return len(scalars)


def _insert_items(connection: sqlite3.Connection, catalog: Catalog, entity: Entity, items: list[_Item]) -> None:
    for item in items:
        sample = item.sample
        series = catalog.series(connection, entity, sample.type, [(sample.metric, sample.variant)])[0]
        connection.execute(
            "INSERT OR REPLACE INTO item (series, iteration, key, timestamp, size, bytes, worker, crc, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(series, sample.iteration, sample.key, sample.timestamp, item.size, len(item.data)),
                *(sample.worker, item.crc, item.data),
            ),
        )
