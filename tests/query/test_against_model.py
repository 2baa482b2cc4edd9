"""Random tasks and random queries: the database answers what plain Python answers."""

import math
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import TASK
from trackyard.core.store import MetricBatch, name_hash
from trackyard.core.store.values import value_number

from tests.query.helpers import names, parameters, task

LOSS = f"last_metrics.{name_hash('loss')}.{name_hash('train')}"
PARAMETER = "hyperparams.Args.p.value"
WORDS = ["k", "l", "m"]


@dataclass(frozen=True)
class Row:
    """What a task is made of."""

    kind: str
    tags: frozenset[str]
    comment: str | None
    iteration: int
    duration: int | None
    parameter: str | None
    metric: float | None


ROWS = st.lists(
    st.builds(
        Row,
        kind=st.sampled_from(["training", "testing"]),
        tags=st.frozensets(st.sampled_from(WORDS)),
        comment=st.none() | st.sampled_from(["Kelp", "kelp lime", "lime"]),
        iteration=st.integers(0, 3),
        duration=st.none() | st.integers(0, 3),
        parameter=st.none() | st.sampled_from(["1", "2", "10", "-3", "k", "l", ""]),
        metric=st.none() | st.sampled_from([-1.0, 0.0, 0.5, 2.0]),
    ),
    max_size=8,
)
TERMS = st.lists(st.sampled_from([*WORDS, "-k", "-l", "__$not", "__$all", "__$any", "__$nop", None]), max_size=6)
BOUNDS = st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)).map(list)
ORDERS = st.lists(
    st.sampled_from(
        [sign + key for key in ("type", "last_iteration", "active_duration", PARAMETER, LOSS, "comment") for sign in ("", "-")]
    ),
    max_size=3,
    unique_by=lambda key: key.lstrip("-"),
)
PATTERNS = st.sampled_from(["kelp", "^k", "e$", "Lime", "(kelp|lime)$", "l.m", "x"])


def fits_terms(values: frozenset[str], terms: list[str | None]) -> bool:
    """The list filter, read from left to right."""
    some: list[bool] = []
    must: list[bool] = []
    mode, negate = some, False

    def has(value: str | None) -> bool:
        return not values if value is None else value in values

    for term in terms:
        if negate:
            must.append(not has(term))
            negate = False
        elif term == "__$not":
            negate = True
        elif term in {"__$all", "__$any", "__$nop"}:
            mode = must if term == "__$all" else some
        elif term is not None and term.startswith("-"):
            must.append(not has(term[1:]))
        else:
            mode.append(has(term))
    return (not some or any(some)) and all(must)


def fits_bounds(value: float | None, bounds: list[int | None]) -> bool:
    """The range: an open low bound takes what is missing."""
    low, high = bounds
    if value is None:
        return low is None
    return (low is None or value >= low) and (high is None or value <= high)


def sort_value(row: Row, key: str) -> tuple[Any, ...] | None:
    """What a row sorts by under a key; None when it lacks it."""
    if key == PARAMETER:
        return None if row.parameter is None else (value_number(row.parameter), row.parameter)
    value = {
        "type": row.kind,
        "last_iteration": row.iteration,
        "active_duration": row.duration,
        LOSS: row.metric,
        "comment": row.comment,
    }[key]
    return None if value is None else (value,)


def in_order(rows: list[tuple[str, Row]], order: list[str]) -> list[str]:
    """Names sorted by all keys; missing ones last, ties by id, which grows with the name."""
    for key in reversed(order):
        plain = key.lstrip("-")
        have = [item for item in rows if sort_value(item[1], plain) is not None]
        lack = [item for item in rows if sort_value(item[1], plain) is None]
        have.sort(key=lambda item, k=plain: sort_value(item[1], k) or (), reverse=False)  # type: ignore[misc]
        if key.startswith("-"):
            groups: dict[Any, list[tuple[str, Row]]] = {}
            for item in have:
                groups.setdefault(sort_value(item[1], plain), []).append(item)
            have = [item for value in reversed(list(groups)) for item in groups[value]]
        rows = have + lack
    return [name for name, _ in rows]


def insert(session: Session, rows: list[Row]) -> list[tuple[str, Row]]:
    """Store the rows as tasks whose ids grow with their names."""
    named = [(f"task {number}", row) for number, row in enumerate(rows)]
    for number, (name, row) in enumerate(named):
        more: dict[str, Any] = {"hyperparams": parameters(p=row.parameter)} if row.parameter is not None else {}
        identifier = task(
            session, name, id=f"{number:032x}", type=row.kind, tags=list(row.tags), comment=row.comment,
            last_iteration=row.iteration, active_duration=row.duration, **more,
        )  # fmt: skip
        if row.metric is not None:
            value = row.metric
            batch = MetricBatch("loss", "train", value, value, 0, value, 0, value, 0, 1, value)
            store.record_metrics(session, TASK, identifier, [batch])
    return named


@settings(max_examples=40)
@given(
    rows=ROWS,
    tags=TERMS,
    iterations=BOUNDS,
    durations=BOUNDS,
    metrics=BOUNDS,
    order=ORDERS,
    pattern=st.none() | PATTERNS,
    size=st.integers(1, 4),
)
def test_queries_find_what_the_model_finds(
    session: Session,
    rows: list[Row],
    tags: list[str | None],
    iterations: list[int | None],
    durations: list[int | None],
    metrics: list[int | None],
    order: list[str],
    pattern: str | None,
    size: int,
) -> None:
    body: dict[str, Any] = {
        "tags": tags,
        "last_iteration": iterations,
        "active_duration": durations,
        LOSS: metrics,
        "order_by": order,
    }
    if pattern is not None:
        body["_any_"] = {"fields": ["comment", "type"], "pattern": pattern}
    with session.begin_nested() as savepoint:
        named = insert(session, rows)
        expected = [
            (name, row)
            for name, row in named
            if fits_terms(row.tags, tags)
            and fits_bounds(row.iteration, iterations)
            and fits_bounds(row.duration, durations)
            and fits_bounds(row.metric, metrics)
            and (pattern is None or any(re.search(pattern, text or "", re.IGNORECASE) for text in (row.comment, row.kind)))
        ]
        whole = in_order(expected, order)
        assert names(session, **body) == whole
        paged = [
            name for page in range(math.ceil(len(rows) / size) + 1) for name in names(session, page=page, page_size=size, **body)
        ]
        assert paged == whole
        savepoint.rollback()
