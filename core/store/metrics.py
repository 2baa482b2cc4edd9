"""``last_metrics`` and ``unique_metrics``, kept as one row per variant."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, Table, Update, bindparam, delete, func, insert, select, tuple_, update
from sqlmodel import Session
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.entities.values import MetricName, MetricRow
from trackyard.core.store.values import chunks, insert_missing

METRIC_LIMIT = 2000
"""How many variants one task keeps in ``last_metrics``."""

Key = tuple[str, str]
"""The hashes of a metric and a variant."""
Name = tuple[str, str]
"""A metric and a variant."""


@dataclass(frozen=True)
class MetricBatch:
    """What one batch of events says of one variant: its last, least, greatest and first value, their number and sum."""

    metric: str
    variant: str
    value: float
    min_value: float
    min_iteration: int
    max_value: float
    max_iteration: int
    first_value: float
    first_iteration: int
    count: int
    total: float
    x_axis_label: str | None = None


def name_hash(name: str) -> str:
    """The key of a metric or a variant in ``last_metrics``: the MD5 of its UTF-8 text."""
    return hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def known_names(session: Session, keys: Iterable[Key]) -> dict[Key, int]:
    """The numbers of those (metric hash, variant hash) that are interned."""
    table = table_of(MetricName)
    found: dict[Key, int] = {}
    for part in chunks(sorted(set(keys))):
        query = select(table.c.metric_hash, table.c.variant_hash, table.c.num)
        rows = session.execute(query.where(tuple_(table.c.metric_hash, table.c.variant_hash).in_(part)))
        found.update(((metric, variant), num) for metric, variant, num in rows)
    return found


def record_metrics(session: Session, kind: Kind, entity_id: str, batches: Sequence[MetricBatch]) -> None:
    """Merge a batch of events into ``last_metrics``; see ``record_many_metrics``. Without such an entity nothing is done."""
    table = table_of(kind.table)
    owner = session.execute(select(table.c.num).where(table.c.id == entity_id)).scalar()
    if owner is not None:
        record_many_metrics(session, kind, {owner: batches})


def record_many_metrics(
    session: Session, kind: Kind, batches: Mapping[int, Sequence[MetricBatch]], known: Mapping[Name, int] = MappingProxyType({})
) -> dict[Name, int]:
    """Merge batches of events into the ``last_metrics`` of many entities, by their numbers, with a few statements for all.

    The last value is overwritten, the others are compared or counted on. The mean is rounded to two decimals after every
    batch, as the protocol says. Variants above ``METRIC_LIMIT`` are dropped. ``known`` may hold what earlier calls gave
    back: the numbers of names, which may be remembered once the unit of work is committed.
    """
    names = {(one.metric, one.variant) for items in batches.values() for one in items}
    if not names:
        return {}
    numbers = {name: known[name] for name in names if name in known}
    numbers |= _intern_names(session, names - numbers.keys())
    table = table_of(_metrics(kind))
    old = _old_rows(session, table, list(batches), list(numbers.values()))
    merged: dict[tuple[int, int], dict[str, Any]] = {}
    for owner, items in batches.items():
        for one in items:
            place = (owner, numbers[one.metric, one.variant])
            merged[place] = _merge(merged.get(place) or old.get(place) or {}, one)
    _write_rows(session, table, {place: row for place, row in merged.items() if place in old})
    _insert_rows(session, table, {place: row for place, row in merged.items() if place not in old})
    return numbers


def _intern_names(session: Session, names: Iterable[Name]) -> dict[Name, int]:
    """The numbers of metrics and variants, given out if need be."""
    keys = {(name_hash(metric), name_hash(variant)): (metric, variant) for metric, variant in names}
    if not keys:
        return {}
    found = known_names(session, keys)
    missing = sorted(keys.keys() - found.keys())
    if missing:
        columns = ("metric_hash", "variant_hash", "metric", "variant")
        insert_missing(session, table_of(MetricName), [dict(zip(columns, key + keys[key], strict=True)) for key in missing])
        found.update(known_names(session, missing))
    return {keys[key]: number for key, number in found.items()}


def _old_rows(session: Session, table: Table, owners: list[int], names: list[int]) -> dict[tuple[int, int], dict[str, Any]]:
    found = {}
    connection, query = session.connection(), _old_rows_query(table)
    for some_owners in chunks(owners):
        for some_names in chunks(names):
            rows = connection.execute(query, {"owners": some_owners, "names": some_names})
            found.update({(owner, name): dict(zip(MetricRow.VALUES, row, strict=True)) for owner, name, *row in rows})
    return found


@cache
def _old_rows_query(table: Table) -> Select[Any]:
    """The statement that reads the rows of ``owners`` and ``names``; built once, as building costs more than executing."""
    query = select(table.c.owner, table.c.name, *(table.c[column] for column in MetricRow.VALUES))
    return query.where(
        table.c.owner.in_(bindparam("owners", expanding=True)), table.c.name.in_(bindparam("names", expanding=True))
    )


def _write_rows(session: Session, table: Table, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
    if rows:
        values = [{"the_owner": owner, "the_name": name, **row} for (owner, name), row in rows.items()]
        session.connection().execute(_row_change(table), values)


@cache
def _row_change(table: Table) -> Update:
    """The statement that writes the row of ``the_owner`` and ``the_name``."""
    place = (table.c.owner == bindparam("the_owner"), table.c.name == bindparam("the_name"))
    return update(table).where(*place).values({column: bindparam(column) for column in MetricRow.VALUES})


def _insert_rows(session: Session, table: Table, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Insert rows of new variants, as long as their entity has room."""
    if not rows:
        return
    owners = sorted({owner for owner, _ in rows})
    room = dict.fromkeys(owners, METRIC_LIMIT)
    for part in chunks(owners):
        query = select(table.c.owner, func.count()).where(table.c.owner.in_(part)).group_by(table.c.owner)
        room.update((owner, METRIC_LIMIT - count) for owner, count in session.execute(query))
    fresh = []
    for (owner, name), row in rows.items():
        room[owner] -= 1
        if room[owner] >= 0:
            fresh.append({"owner": owner, "name": name, **row})
    if fresh:
        session.execute(insert(table), fresh)


def _metrics(kind: Kind) -> type[Any]:
    if kind.metrics is None:
        raise ValueError(f"{kind.plural} have no metrics")
    return kind.metrics


def _merge(old: dict[str, Any], new: MetricBatch) -> dict[str, Any]:
    count = (old.get("count") or 0) + new.count
    before = (old.get("mean_value") or 0.0) * (old.get("count") or 0)
    mean = (before + new.total) / count if count else 0.0
    merged: dict[str, Any] = {
        "value": _finite(new.value),
        "count": count,
        "mean_value": round(mean, 2) if math.isfinite(mean) else None,
        "x_axis_label": new.x_axis_label or old.get("x_axis_label"),
    }
    keep_min = old.get("min_value") is not None and old["min_value"] <= new.min_value
    keep_max = old.get("max_value") is not None and old["max_value"] >= new.max_value
    keep_first = old.get("first_value_iteration") is not None
    kept = {"min": keep_min, "max": keep_max, "first": keep_first}
    for which, keep in kept.items():
        source = (
            old
            if keep
            else {
                f"{which}_value": _finite(getattr(new, f"{which}_value")),
                f"{which}_value_iteration": getattr(new, f"{which}_iteration"),
            }
        )
        merged[f"{which}_value"] = source[f"{which}_value"]
        merged[f"{which}_value_iteration"] = source[f"{which}_value_iteration"]
    return merged


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def clear_metrics(session: Session, kind: Kind, owner: int) -> None:
    """Forget all metrics of the entity whose number is ``owner``."""
    table = table_of(_metrics(kind))
    session.execute(delete(table).where(table.c.owner == owner))


def write_metrics(session: Session, kind: Kind, owner: int, last_metrics: dict[str, dict[str, Any]]) -> None:
    """Replace all metrics by those of a ``last_metrics`` document."""
    clear_metrics(session, kind, owner)
    items = [item for variants in last_metrics.values() for item in variants.values()]
    numbers = _intern_names(session, {(item["metric"], item["variant"]) for item in items})
    rows = [
        {"owner": owner, "name": numbers[item["metric"], item["variant"]]}
        | {column: item.get(column) for column in MetricRow.VALUES}
        for item in items
    ]
    if rows:
        session.execute(insert(table_of(_metrics(kind))), rows)


def read_metrics(
    session: Session, kind: Kind, owners: Sequence[int], only: Iterable[Key] | None = None
) -> dict[int, dict[str, dict[str, Any]]]:
    """``last_metrics`` by owner: {metric hash: {variant hash: {metric, variant, value, min_value, …}}}.

    ``only`` limits them to some (metric hash, variant hash).
    """
    table = table_of(_metrics(kind))
    found: dict[int, dict[str, dict[str, Any]]] = {}
    query = _metrics_query(table)
    if only is not None:
        query = query.where(table.c.name.in_(list(known_names(session, only).values())))
    for part in chunks(list(owners)):
        for row in session.execute(query, {"owners": part}):
            owner, metric_hash, variant_hash, *values = row
            item = {"metric": values[0], "variant": values[1]}
            item.update((column, value) for column, value in zip(MetricRow.VALUES, values[2:], strict=True) if value is not None)
            found.setdefault(owner, {}).setdefault(metric_hash, {})[variant_hash] = item
    return found


@cache
def _metrics_query(table: Table) -> Select[Any]:
    """The statement that reads the metrics of ``owners``; built once, as building costs more than executing."""
    name = table_of(MetricName)
    columns = [table.c[column] for column in MetricRow.VALUES]
    names = (name.c.metric_hash, name.c.variant_hash, name.c.metric, name.c.variant)
    query = select(table.c.owner, *names, *columns).join(name, name.c.num == table.c.name)
    return query.where(table.c.owner.in_(bindparam("owners", expanding=True)))


def unique_metrics(last_metrics: dict[str, dict[str, Any]]) -> list[str]:
    """The sorted ``metric/variant`` names of a ``last_metrics`` document."""
    return sorted(f"{item['metric']}/{item['variant']}" for variants in last_metrics.values() for item in variants.values())
