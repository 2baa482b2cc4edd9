"""What is written as a chunk is what is read, and summaries hold what a drawing must show."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trackyard.core.contracts.events import (
    NO_ITERATION,
    SINGLE_VALUE_ITERATION,
    CurveQuery,
    Entity,
    EntityEvents,
    EventBatch,
    Scalars,
)
from trackyard.core.testing.event_store_model import batch_of
from trackyard.storage_backends.events_embedded import chunks
from trackyard.storage_backends.events_embedded.chunks import pack_chunk, stretch_of, thin, unpack_chunk, unpack_summary
from trackyard.storage_backends.events_embedded.columns import Points
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore

TIME = 1_700_000_000_000
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = st.one_of(st.floats(allow_nan=True), st.floats(width=32), st.integers(-2, 2).map(float))
ROWS = st.dictionaries(
    st.one_of(INT64, st.integers(0, 50), st.sampled_from([NO_ITERATION, SINGLE_VALUE_ITERATION])),
    st.tuples(st.one_of(INT64, st.integers(TIME, TIME + 50)), VALUES),
    min_size=1,
    max_size=60,
)


def points_of(rows: dict[int, tuple[int, float]]) -> Points:
    """Sorted columns."""
    keys = sorted(rows)
    columns = np.array(keys, np.int64), np.array([rows[key][0] for key in keys], np.int64)
    return Points(*columns, np.array([rows[key][1] for key in keys], np.float64))


def same(left: Points, right: Points) -> bool:
    """Equal in every bit of every column."""
    return (
        np.array_equal(left.iterations, right.iterations)
        and np.array_equal(left.timestamps, right.timestamps)
        and np.array_equal(left.values, right.values, equal_nan=True)
    )


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, stretch=st.sampled_from([2, 3, 8]))
def test_a_chunk_comes_back_whole(rows: dict[int, tuple[int, float]], stretch: int) -> None:
    points = points_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SUMMARY_FROM", 4)
        summary, data = pack_chunk(points, stretch)
    assert same(unpack_chunk(data, summary), points)
    if summary:
        chosen, drawn = unpack_summary(summary), points.drawable()
        places = np.searchsorted(points.iterations, chosen.iterations)
        assert same(chosen, points.pick(places))
        assert (chosen.iterations[0], chosen.iterations[-1]) == (drawn.iterations[0], drawn.iterations[-1])
        known = drawn.values[~np.isnan(drawn.values)]
        assert not len(known) or (np.nanmin(chosen.values), np.nanmax(chosen.values)) == (known.min(), known.max())


def test_summaries_of_the_first_version_are_read() -> None:
    points = Points(np.arange(5), TIME + np.arange(5), np.arange(5) / 7)
    columns = (points.iterations, points.timestamps, points.values)
    assert same(unpack_summary(b"\x05\0\0\0" + b"".join(column.tobytes() for column in columns)), points)


def test_stretches_grow_with_the_series() -> None:
    assert [stretch_of(10**power) for power in (1, 4, 5, 6, 7, 9)] == [32, 32, 32, 256, 2048, 2048]


def test_equal_values_and_gaps_are_thinned_to_the_first_of_each_stretch() -> None:
    values = np.zeros(1000)
    values[[77, 500]] = [-3.0, 9.0]
    values[200:400] = np.nan
    points = Points(np.arange(1000), np.arange(1000), values)
    drawn = thin(points, 50, points.iterations)
    assert len(drawn) <= 50
    assert {0, 77, 500, 999} <= set(drawn.iterations.tolist())


@pytest.mark.parametrize("axis", ["iteration", "timestamp"])
async def test_a_stretch_drawn_from_summaries_has_its_own_ends_and_extremes(tmp_path: Path, axis: str) -> None:
    generator = np.random.default_rng(5)
    size = 400_000
    steps, values = np.arange(size), generator.normal(size=size).cumsum()
    store = await EmbeddedEventStore.open(tmp_path / "events.db")
    try:
        scalars = Scalars([("loss", "train")], [None], np.array([0, size]), steps, TIME + 10 * steps, values)
        await store.append(EventBatch([EntityEvents(Entity("task", "a"), "", scalars)]))
        await store.settle()
        start, end = 12_345, 387_654
        bounds = (start, end) if axis == "iteration" else (TIME + 10 * start, TIME + 10 * end)
        query = CurveQuery("task", ["a"], axis=axis, samples=1000, start=bounds[0], end=bounds[1])  # type: ignore[arg-type]
        curve = (await store.curves(query))[0]
        part = values[start : end + 1]
        assert 500 < len(curve.values) <= 1000
        assert (curve.iterations[0], curve.iterations[-1]) == (start, end)
        assert (curve.values.min(), curve.values.max()) == (part.min(), part.max())
        assert np.array_equal(curve.values, values[curve.iterations])
    finally:
        await store.close()


async def test_remembered_curves_follow_what_happens(tmp_path: Path) -> None:
    """New, late and replaced points, retention and deletion, between readings that remember."""
    store = await EmbeddedEventStore.open(tmp_path / "events.db")

    async def drawn() -> dict[int, float]:
        found = await store.curves(CurveQuery("task", ["a"], samples=6000))
        return dict(zip(found[0].iterations.tolist(), found[0].values.tolist(), strict=True)) if found else {}

    try:
        expected: dict[int, float] = {}
        for first, value in ((0, 1.0), (5000, 2.0), (2500, 3.0), (2600, 4.0)):
            points = [("loss", "train", step, TIME + step, value) for step in range(first, first + 500)]
            expected |= {step: value for _, _, step, _, value in points}
            await store.append(batch_of("a", points))
            assert await drawn() == expected
            await store.settle()
            assert await drawn() == expected == await drawn()
        await store.delete("task", ["a"])
        assert await drawn() == {}
        await store.append(batch_of("a", [("loss", "train", 1, TIME, 5.0)]))
        await store.settle()
        assert await drawn() == {1: 5.0}
    finally:
        await store.close()
