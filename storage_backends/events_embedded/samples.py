"""Reading plots, debug images and vectors. Each function gets a reading connection."""

from __future__ import annotations

import sqlite3
from typing import cast

import numpy as np
from trackyard.core.contracts.events import Sample, SamplePage, SampleQuery, SampleType, SeriesInfo, SeriesType
from trackyard.storage_backends.events_embedded.catalog import SeriesRow, series_rows
from trackyard.storage_backends.events_embedded.columns import decompress

__all__ = ["item_series", "item_text", "sample_page"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1


def item_series(connection: sqlite3.Connection, rows: list[SeriesRow]) -> dict[int, SeriesInfo]:
    """Extent of series of samples, by number."""
    found = {}
    for row in rows:
        count, first, last, time = connection.execute(
            "SELECT count(*), min(iteration), max(iteration), max(timestamp) FROM item WHERE series = ?", (row.id,)
        ).fetchone()
        if count:
            kind = cast(SeriesType, row.type)
            found[row.id] = SeriesInfo(row.entity, kind, row.metric, row.variant, count, first, last, time)
    return found


def sample_page(connection: sqlite3.Connection, query: SampleQuery) -> SamplePage:
    """See :meth:`EventStore.samples`."""
    entities = {name: place for place, name in enumerate(query.entities)}
    sign = -1 if query.order == "desc" else 1
    places: list[tuple[int, int, str, str, str, int, SeriesRow]] = []
    for row in series_rows(connection, query.kind, query.entities, (query.type,), query.metrics):
        for iteration, key, number in _places(connection, row.id, query):
            places.append((sign * iteration, entities[row.entity], row.metric, row.variant, key, number, row))
    places.sort(key=lambda place: place[:5])
    total = len(places)
    if query.limit is not None and total > query.limit:
        edge = places[query.limit - 1][0] if query.limit else None
        places = [place for place in places if edge is not None and place[0] <= edge]
    return SamplePage([_sample(connection, place[-1], place[-2], query.payload) for place in places], total)


def _places(connection: sqlite3.Connection, series: int, query: SampleQuery) -> list[tuple[int, str, int]]:
    """Iteration, key and row of the samples of a series that the query selects."""
    first = LOWEST if query.start is None else query.start
    last = HIGHEST if query.end is None else query.end
    if query.newest is not None:
        edge = connection.execute(
            "SELECT DISTINCT iteration FROM item WHERE series = ? AND iteration BETWEEN ? AND ?"
            " ORDER BY iteration DESC LIMIT 1 OFFSET ?",
            (series, first, last, max(query.newest - 1, 0)),
        ).fetchone()
        first = edge[0] if edge is not None else first
    return connection.execute(
        "SELECT iteration, key, id FROM item WHERE series = ? AND iteration BETWEEN ? AND ?", (series, first, last)
    ).fetchall()


def _sample(connection: sqlite3.Connection, row: SeriesRow, number: int, payload: bool) -> Sample:
    iteration, timestamp, key, worker, size, data = connection.execute(
        "SELECT iteration, timestamp, key, worker, size, iif(?, data, NULL) FROM item WHERE id = ?", (payload, number)
    ).fetchone()
    kind = cast(SampleType, row.type)
    sample = Sample(kind, row.metric, row.variant, iteration, timestamp, key, worker, size=size, entity=row.entity)
    if payload and kind == "training_stats_vector":
        sample.vector = np.frombuffer(decompress(data), np.float64)
    elif payload:
        sample.text = item_text(kind, data)
    return sample


def item_text(kind: str, data: bytes) -> str:
    """The text of a plot or image."""
    return (decompress(data) if kind == "plot" else data).decode("utf-8", "surrogatepass")
