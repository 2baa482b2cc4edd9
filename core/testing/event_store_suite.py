"""The conformance suite of event stores. A backend passes it when its tests hold a class like this one::

    from trackyard.core.testing.event_store_suite import EventStoreSuite

    class TestMyStore(EventStoreSuite):
        async def open_store(self, folder):
            return await MyStore.open(folder / "events")

``open_store`` is called again with the same folder after ``close``; what was stored must still be there. A store that
keeps its data elsewhere derives a name from the folder.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from trackyard.core.contracts.events import (
    NO_ITERATION,
    SINGLE_VALUE_ITERATION,
    AggregateQuery,
    Curve,
    CurveQuery,
    Entity,
    EntityEvents,
    EventBatch,
    EventStore,
    LogQuery,
    LogRecord,
    LogSearch,
    MetricFilter,
    PointQuery,
    Retention,
    Sample,
    SampleQuery,
    SeriesPoints,
    StoreClosedError,
)
from trackyard.core.testing.event_store_model import (
    EventModel,
    Forget,
    ForgetLogs,
    Keep,
    Look,
    Point,
    Reopen,
    Settle,
    Step,
    batch_of,
    histories,
    same,
    scalars_of,
)

__all__ = ["EventStoreSuite"]

TIME = 1_700_000_000_000
ENTITIES = ["task-one", "task-two"]


def rows(series: SeriesPoints) -> list[Point]:
    """The points of a series as tuples."""
    return list(zip(series.iterations.tolist(), series.timestamps.tolist(), series.values.tolist(), strict=True))


async def all_points(
    store: EventStore, entity: str, limit: int, order: Literal["asc", "desc"], special: bool
) -> dict[tuple[str, str], list[Point]]:
    """Every point of an entity, read in pages; checks that pages are as long as they must be and never overlap."""
    found: dict[tuple[str, str], list[Point]] = {}
    after = None
    while True:
        page = await store.points(PointQuery(Entity("task", entity), after=after, limit=limit, order=order, special=special))
        count = sum(len(series.values) for series in page.series)
        for series in page.series:
            found.setdefault((series.metric, series.variant), []).extend(rows(series))
        if page.next is None:
            return found
        assert count >= limit or count == 0
        assert after is None or (page.next > after if order == "asc" else page.next < after)
        after = page.next


async def all_logs(store: EventStore, entity: str, limit: int, newest: bool) -> list[LogRecord]:
    """A whole log, read in pages from one of its ends; in the order of the log."""
    pages: list[list[LogRecord]] = []
    edge = None
    while True:
        query = LogQuery(Entity("task", entity), None if newest else edge, edge if newest else None, newest, limit)
        page = await store.logs(query)
        if not page.records:
            break
        pages.append(page.records)
        edge = page.records[0 if newest else -1].timestamp
    return [record for part in (reversed(pages) if newest else pages) for record in part]


def within(value: float, start: int | None, end: int | None) -> bool:
    """Whether a value lies in a range, both ends included."""
    return (start is None or value >= start) and (end is None or value <= end)


def check_thinned(drawn: list[Point], points: list[Point], samples: int) -> None:
    """Drawn points are some of all points, with both ends, the lowest and the highest."""
    assert len(drawn) <= samples
    assert {point[0] for point in drawn} <= {point[0] for point in points}
    assert same([drawn[0], drawn[-1]], [points[0], points[-1]])
    known = [value for *_, value in points if value == value]
    shown = [value for *_, value in drawn if value == value]
    assert not known or (min(shown), max(shown)) == (min(known), max(known))


class EventStoreSuite:
    """Tests that every event store passes; see the module for how to run them."""

    async def open_store(self, folder: Path) -> EventStore:
        """Open the store under test; its data belongs to ``folder``."""
        raise NotImplementedError

    @asynccontextmanager
    async def store(self, folder: Path) -> AsyncIterator[EventStore]:
        """An open store."""
        store = await self.open_store(folder)
        try:
            yield store
        finally:
            await store.close()

    # --- against the model ---

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories())
    def test_every_history_reads_as_the_model_says(self, history: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._play(Path(folder), history))

    async def _play(self, folder: Path, history: list[Step]) -> None:
        model = EventModel()
        store = await self.open_store(folder)
        try:
            for step in history:
                if isinstance(step, Reopen):
                    await store.close()
                    store = await self.open_store(folder)
                else:
                    await self._step(store, model, step)
            await self._step(store, model, Look())
            assert await store.fsck() == []
        finally:
            await store.close()

    async def _step(self, store: EventStore, model: EventModel, step: Step) -> None:
        if isinstance(step, EventBatch):
            assert (await store.append(step)).added == len(step)
            model.append(step)
        elif isinstance(step, Settle):
            await store.settle()
        elif isinstance(step, Look):
            for entity in ENTITIES:
                await self._compare(store, model, entity)
        elif isinstance(step, Forget):
            await store.delete("task", [step.entity])
            model.forget(step.entity)
        elif isinstance(step, Keep):
            await store.retain(Retention("task", step.before, [step.entity]))
            model.keep(step.entity, step.before)
        elif isinstance(step, ForgetLogs):
            await store.delete_logs(Entity("task", step.entity), step.before)
            model.forget_logs(step.entity, step.before)

    async def _compare(self, store: EventStore, model: EventModel, entity: str) -> None:
        await self._compare_scalars(store, model, entity)
        await self._compare_thinned(store, model, entity)
        await self._compare_single_values(store, model, entity)
        for kind in ("plot", "training_debug_image"):
            page = await store.samples(SampleQuery("task", [entity], kind, order="asc"))
            expected = sorted(
                (key[3], key[1], key[2], key[4], sample.text)
                for key, sample in model.samples.get(entity, {}).items()
                if key[0] == kind
            )
            found = [(item.iteration, item.metric, item.variant, item.key, item.text) for item in page.samples]
            assert found == expected
            assert page.total == len(expected)
        log = model.log(entity)
        for newest in (True, False):
            assert await all_logs(store, entity, 3, newest) == log
        assert (await store.logs(LogQuery(Entity("task", entity)))).total == len(log)
        await self._compare_search(store, entity, log)

    async def _compare_scalars(self, store: EventStore, model: EventModel, entity: str) -> None:
        expected = model.series(entity)
        curves = {(curve.metric, curve.variant): curve for curve in await store.curves(CurveQuery("task", [entity]))}
        assert list(curves) == list(expected)
        for name, points in expected.items():
            assert same(rows(curves[name]), points)
        for special in (True, False):
            wanted = model.series(entity, special)
            for limit in (1, 7, 1000):
                ascending = await all_points(store, entity, limit, "asc", special)
                descending = await all_points(store, entity, limit, "desc", special)
                assert sorted(ascending) == sorted(descending) == sorted(wanted)
                assert all(same(ascending[name], points) for name, points in wanted.items())
                assert all(same(descending[name], points[::-1]) for name, points in wanted.items())
            counted = await store.points(PointQuery(Entity("task", entity), special=special, count=True))
            assert counted.total == sum(map(len, wanted.values()))
        newest = {(item.metric, item.variant): rows(item) for item in await store.latest("task", [entity], 3)}
        assert all(same(newest[name], points[-3:]) for name, points in expected.items())
        listed = [(item.metric, item.variant) for item in await store.series("task", [entity], ["training_stats_scalar"])]
        assert listed == list(model.series(entity, special=True))

    async def _compare_single_values(self, store: EventStore, model: EventModel, entity: str) -> None:
        expected = {
            name: [point for point in points if point[0] == SINGLE_VALUE_ITERATION]
            for name, points in model.series(entity, special=True).items()
        }
        found = {(item.metric, item.variant): rows(item) for item in await store.single_values("task", [entity])}
        assert all(same(found.pop(name), points) for name, points in expected.items() if points)
        assert not found

    async def _compare_thinned(self, store: EventStore, model: EventModel, entity: str) -> None:
        """Curves of few points hold their ends and extremes, whole and by range, on both axes."""
        for axis, place, bounds in (("iteration", 0, (2, 25)), ("timestamp", 1, (TIME + 3, TIME + 15))):
            for start, end in ((None, None), bounds, (bounds[0], None)):
                query = CurveQuery("task", [entity], axis=axis, samples=5, start=start, end=end)  # type: ignore[arg-type]
                found = {(item.metric, item.variant): rows(item) for item in await store.curves(query)}
                expected = {
                    name: [point for point in sorted(points, key=itemgetter(place)) if within(point[place], start, end)]
                    for name, points in model.series(entity).items()
                }
                assert list(found) == [name for name, points in expected.items() if points]
                for name, points in found.items():
                    check_thinned(points, expected[name], 5)

    async def _compare_search(self, store: EventStore, entity: str, log: list[LogRecord]) -> None:
        lines = [(record, line) for record in log for line in record.message.split("\n")]
        texts = [line for _, line in lines]
        for needle, match_case in (("X", False), ("☃", True), ("y ", True), ("Z", True)):
            hits = []
            cursor = ""
            while True:
                page = await store.search_logs(LogSearch("task", [entity], needle, match_case, limit=2, cursor=cursor, context=2))
                hits += page.hits
                cursor = page.next
                if not cursor:
                    break
            wanted = needle if match_case else needle.lower()
            places = [place for place, line in enumerate(texts) if wanted in (line if match_case else line.lower())]
            assert [(hit.timestamp, hit.level, hit.line, hit.before, hit.after) for hit in hits] == [
                (lines[at][0].timestamp, lines[at][0].level, texts[at], texts[max(at - 2, 0) : at], texts[at + 1 : at + 3])
                for at in places
            ]

    # --- one behaviour each ---

    async def test_a_batch_is_there_when_append_returns(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            result = await store.append(batch_of("a", [("loss", "train", 1, TIME, 0.5)]))
            assert result.added == 1
            assert rows((await store.curves(CurveQuery("task", ["a"])))[0]) == [(1, TIME, 0.5)]

    async def test_the_same_iteration_reported_again_replaces_the_point(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            for value in (1.0, 2.0):
                await store.append(batch_of("a", [("loss", "train", 1, TIME, value), ("loss", "train", 1, TIME, value + 0.5)]))
                await store.settle()
            assert rows((await store.curves(CurveQuery("task", ["a"])))[0]) == [(1, TIME, 2.5)]
            assert (await store.points(PointQuery(Entity("task", "a"), count=True))).total == 1

    async def test_many_appends_at_once_are_all_kept(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            batches = [batch_of(f"t{k % 8}", [("loss", f"v{k}", i, TIME + i, float(i)) for i in range(10)]) for k in range(64)]
            await asyncio.gather(*(store.append(batch) for batch in batches))
            curves = await store.curves(CurveQuery("task", [f"t{k}" for k in range(8)]))
            assert len(curves) == 64
            assert all(curve.values.tolist() == [float(i) for i in range(10)] for curve in curves)

    async def test_entities_of_different_kinds_do_not_meet(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            scalars = scalars_of([("loss", "train", 1, TIME, 0.5)])
            await store.append(EventBatch([EntityEvents(Entity("model", "a"), "", scalars)]))
            assert await store.curves(CurveQuery("task", ["a"])) == []
            assert len(await store.curves(CurveQuery("model", ["a"]))) == 1

    async def test_a_long_curve_keeps_its_extremes_and_ends(self, tmp_path: Path) -> None:
        generator = np.random.default_rng(7)
        values = generator.normal(size=60_000).cumsum()
        async with self.store(tmp_path) as store:
            for start in range(0, len(values), 20_000):
                points = [("loss", "train", i, TIME + i, float(values[i])) for i in range(start, start + 20_000)]
                await store.append(batch_of("a", points))
            for _ in range(2):
                curve = (await store.curves(CurveQuery("task", ["a"], samples=500)))[0]
                self._check_thinned(curve, values, 500)
                timed = (await store.curves(CurveQuery("task", ["a"], axis="timestamp", samples=500)))[0]
                self._check_thinned(timed, values, 500)
                await store.settle()

    def _check_thinned(self, curve: Curve, values: np.ndarray[tuple[int], np.dtype[np.float64]], samples: int) -> None:
        assert 100 < len(curve.values) <= samples
        assert (np.diff(curve.iterations) > 0).all()
        assert np.array_equal(curve.values, values[curve.iterations])
        assert (curve.iterations[0], curve.iterations[-1]) == (0, len(values) - 1)
        assert curve.values.min() == values.min()
        assert curve.values.max() == values.max()

    async def test_a_stretch_of_a_curve_shows_more_of_it(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            points = [("loss", "train", i, TIME + 10 * i, float(i % 97)) for i in range(30_000)]
            await store.append(batch_of("a", points))
            await store.settle()
            curve = (await store.curves(CurveQuery("task", ["a"], samples=300, start=1000, end=1099)))[0]
            assert curve.iterations.tolist() == list(range(1000, 1100))
            timed = CurveQuery("task", ["a"], samples=300, axis="timestamp", start=TIME + 50, end=TIME + 99)
            assert (await store.curves(timed))[0].iterations.tolist() == list(range(5, 10))

    async def test_metrics_and_variants_are_selected(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            names = [("loss", "train"), ("loss", "val"), ("top", "one"), ("top", "two")]
            await store.append(batch_of("a", [(*name, 1, TIME, 1.0) for name in names]))
            query = CurveQuery("task", ["a"], [MetricFilter("loss"), MetricFilter("top", ["two"]), MetricFilter("none")])
            found = [(curve.metric, curve.variant) for curve in await store.curves(query)]
            assert found == [("loss", "train"), ("loss", "val"), ("top", "two")]

    async def test_points_without_iteration_are_kept_but_not_drawn(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            await store.append(batch_of("a", [("loss", "train", NO_ITERATION, TIME, 1.0)]))
            assert await store.curves(CurveQuery("task", ["a"])) == []
            page = await store.points(PointQuery(Entity("task", "a"), special=True))
            assert rows(page.series[0]) == [(NO_ITERATION, TIME, 1.0)]

    async def test_labels_of_the_axis_stay(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            await store.append(batch_of("a", [("loss", "train", 1, TIME, 1.0)], label="Epoch"))
            await store.append(batch_of("a", [("loss", "train", 2, TIME, 1.0)]))
            assert (await store.curves(CurveQuery("task", ["a"])))[0].label == "Epoch"

    async def test_vectors_come_back(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            vector = np.array([1.0, -2.5, 1e300])
            sample = Sample("training_stats_vector", "weights", "layer", 3, TIME, vector=vector)
            await store.append(batch_of("a", samples=[sample]))
            page = await store.samples(SampleQuery("task", ["a"], "training_stats_vector"))
            found = page.samples[0].vector
            assert found is not None
            assert found.tolist() == vector.tolist()
            assert page.samples[0].size == 3

    async def test_the_newest_samples_of_each_variant(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            samples = [Sample("plot", "roc", variant, i, TIME + i, text=f"{variant}{i}") for variant in "gh" for i in range(6)]
            await store.append(batch_of("a", samples=samples[:-2]))
            page = await store.samples(SampleQuery("task", ["a"], "plot", newest=2))
            assert [item.text for item in page.samples] == ["g5", "g4", "h3", "h2"]
            limited = await store.samples(SampleQuery("task", ["a"], "plot", limit=2, end=3, payload=False))
            assert [(item.variant, item.iteration, item.text, item.size) for item in limited.samples] == [
                ("g", 3, "", 2),
                ("h", 3, "", 2),
            ]
            assert limited.total == 8

    async def test_a_millisecond_of_a_log_stays_together(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            records = [LogRecord(TIME + i // 5, "info", "host", f"line {i}") for i in range(20)]
            await store.append(batch_of("a", logs=records))
            first = await store.logs(LogQuery(Entity("task", "a"), newest=False, limit=2))
            assert [record.message for record in first.records] == [f"line {i}" for i in range(5)]
            following = await store.logs(LogQuery(Entity("task", "a"), after=TIME, newest=False, limit=7))
            assert [record.message for record in following.records] == [f"line {i}" for i in range(5, 15)]
            last = await store.logs(LogQuery(Entity("task", "a"), before=TIME + 3, limit=1))
            assert [record.message for record in last.records] == [f"line {i}" for i in range(10, 15)]

    async def test_log_hits_come_with_the_lines_around_them(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            for entity in ("a", "b"):
                records = [
                    LogRecord(TIME + i, "info", "host", f"{entity}{i}\nneedle {i}" if i % 10 == 5 else f"{entity}{i}")
                    for i in range(30)
                ]
                await store.append(batch_of(entity, logs=records))
            page = await store.search_logs(LogSearch("task", ["b", "a"], "NEEDLE", limit=4, context=1))
            assert [(hit.entity, hit.line) for hit in page.hits] == [
                ("b", "needle 5"),
                ("b", "needle 15"),
                ("b", "needle 25"),
                ("a", "needle 5"),
            ]
            assert (page.hits[0].before, page.hits[0].after, page.hits[0].timestamp) == (["b5"], ["b6"], TIME + 5)
            rest = await store.search_logs(LogSearch("task", ["b", "a"], "NEEDLE", limit=4, cursor=page.next))
            assert [hit.line for hit in rest.hits] == ["needle 15", "needle 25"]
            assert rest.next == ""
            exact = await store.search_logs(LogSearch("task", ["b", "a"], "NEEDLE", match_case=True))
            assert exact.hits == []

    async def test_statistics_by_interval(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            for worker, factor in (("w1", 1.0), ("w2", 3.0)):
                points = [("cpu_usage", "0", TIME + i * 1000, TIME + i * 1000, factor * i) for i in range(10)]
                await store.append(EventBatch([EntityEvents(Entity("worker", worker), "", scalars_of(points))]))
            query = AggregateQuery("worker", ["w1", "w2"], TIME, TIME + 8000, 4000)
            found = await store.aggregate(query)
            assert [item.entity for item in found] == ["w1", "w2"]
            assert found[0].starts.tolist() == [TIME, TIME + 4000]
            assert (found[0].averages.tolist(), found[1].maxima.tolist()) == ([1.5, 5.5], [9.0, 21.0])
            merged = await store.aggregate(AggregateQuery("worker", ["w1", "w2"], TIME, TIME + 8000, 8000, merge=True))
            assert (merged[0].counts.tolist(), merged[0].minima.tolist()) == ([16], [0.0])

    async def test_what_is_deleted_is_gone_and_takes_no_space(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            for settle in (False, True):
                await store.append(
                    batch_of(
                        "a",
                        [("loss", "train", 1, TIME, 1.0)],
                        [Sample("plot", "p", "v", 1, TIME, text="{}")],
                        [LogRecord(TIME, "info", "", "hello")],
                    )
                )
                await store.append(batch_of("b", [("loss", "train", 1, TIME, 1.0)]))
                if settle:
                    await store.settle()
                assert {item.type: item.events for item in await store.space("task", ["a"])} == {
                    "training_stats_scalar": 1,
                    "plot": 1,
                    "log": 1,
                }
                assert (await store.delete("task", ["a", "unknown"])).events == 3
                assert await store.space("task", ["a"]) == []
                assert {item.entity.id for item in await store.space("task")} == {"b"}
                assert await store.series("task", ["a"]) == []
                assert (await store.logs(LogQuery(Entity("task", "a")))).total == 0

    async def test_old_events_are_forgotten(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            points = [("loss", "train", i, TIME + i, 1.0) for i in range(100)]
            samples = [Sample("plot", "p", "v", i, TIME + i, text="{}") for i in range(10)]
            await store.append(batch_of("a", points, samples, [LogRecord(TIME + i, "info", "", f"{i}") for i in range(50)]))
            assert (await store.retain(Retention("task", TIME + 40, types=["log"]))).events == 40
            assert (await store.logs(LogQuery(Entity("task", "a")))).records[0].message == "40"
            assert (await store.retain(Retention("task", TIME + 60, ["a"]))).events == 60 + 10 + 10
            assert (await store.curves(CurveQuery("task", ["a"])))[0].iterations.tolist() == list(range(60, 100))

    async def test_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = await self.open_store(tmp_path)
        await store.close()
        await store.close()
        with pytest.raises(StoreClosedError):
            await store.append(batch_of("a", [("loss", "train", 1, TIME, 1.0)]))
        with pytest.raises(StoreClosedError):
            await store.curves(CurveQuery("task", ["a"]))

    async def test_a_ready_store_says_nothing(self, tmp_path: Path) -> None:
        async with self.store(tmp_path) as store:
            await store.ready()
