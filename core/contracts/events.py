"""The contract of event storage: scalars, log lines, plots, debug samples, vectors and statistics of workers and queues.

An *entity* is whatever events are reported for: a task, a model, a worker or a queue. A *series* is one metric/variant
of one entity. Everything that the wire protocol calls an event is one of three shapes here:

- scalar points (:class:`Scalars`): an iteration, a time and a number, kept in columns;
- samples (:class:`Sample`): a plot, a debug image or a vector of one iteration;
- log records (:class:`LogRecord`): text with a time and no iteration.

Times are integer milliseconds since 1970 UTC. Iterations are 64-bit signed integers; two are special:
:data:`SINGLE_VALUE_ITERATION` marks single values and :data:`NO_ITERATION` points that were reported without one.
Neither is part of any curve.

**Errors.** Every method may raise :class:`EventStoreError`: :class:`StoreFullError` when no space is left (nothing of the
batch is stored; the store goes on by itself when there is space again), :class:`StoreBusyError` when more is waiting than
the store may hold (the caller retries after ``retry_after`` seconds), :class:`StoreClosedError` after :meth:`EventStore.close`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NO_ITERATION",
    "SINGLE_VALUE_ITERATION",
    "Aggregate",
    "AggregateQuery",
    "AppendResult",
    "Curve",
    "CurveQuery",
    "Deleted",
    "Entity",
    "EntityEvents",
    "EntityKind",
    "EventBackend",
    "EventBatch",
    "EventStore",
    "EventStoreError",
    "Fault",
    "LogHit",
    "LogPage",
    "LogQuery",
    "LogRecord",
    "LogSearch",
    "LogSearchPage",
    "MetricFilter",
    "PointPage",
    "PointQuery",
    "Retention",
    "Sample",
    "SamplePage",
    "SampleQuery",
    "SampleType",
    "Scalars",
    "SeriesInfo",
    "SeriesPoints",
    "SeriesType",
    "Space",
    "StoreBusyError",
    "StoreClosedError",
    "StoreFullError",
]

EntityKind: TypeAlias = Literal["task", "model", "worker", "queue"]
SampleType: TypeAlias = Literal["plot", "training_debug_image", "training_stats_vector"]
SeriesType: TypeAlias = Literal["training_stats_scalar", "plot", "training_debug_image", "training_stats_vector"]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

SINGLE_VALUE_ITERATION = -(2**31)
"""Iteration of a single value (``Logger.report_single_value``): kept, listed, never in a curve."""

NO_ITERATION = -(2**63)
"""Stands for a missing iteration: counts as 0 in statistics, never in a curve; one point per series (last wins)."""


class EventStoreError(Exception):
    """The store could not do what was asked; the message is fit for the log."""


class StoreFullError(EventStoreError):
    """No space is left on the device; nothing of the batch was stored."""


class StoreBusyError(EventStoreError):
    """Too much is waiting to be written; nothing of the batch was stored.

    ``retry_after`` is the number of seconds after which trying again makes sense.
    """

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreClosedError(EventStoreError):
    """The store is closed."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose events: a task, model, worker or queue, by its id."""

    kind: EntityKind
    id: str


# --- what goes in ---


@dataclass(slots=True)
class Scalars:
    """Scalar points of one entity, grouped by series.

    The points of ``names[k]`` (a metric and a variant) are ``offsets[k]:offsets[k + 1]`` of the three columns, in the
    order of arrival: of two points of one iteration the later one counts. A point reported without a value holds NaN.
    ``labels[k]`` is the label of the horizontal axis, if one was reported.
    """

    names: list[tuple[str, str]]
    labels: list[str | None]
    offsets: Ints
    iterations: Ints
    timestamps: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.values)


@dataclass(slots=True)
class LogRecord:
    """One log event; ``message`` may hold many lines. ``worker`` is the reporting host, ``level`` is lower case."""

    timestamp: int
    level: str
    worker: str
    message: str


@dataclass(slots=True)
class Sample:
    """A plot, debug image or vector of one iteration.

    Its identity is (entity, type, metric, variant, iteration, key); a later one replaces an earlier one.
    Exactly one payload is set when it goes in: ``text`` (the JSON text of a plot, the URL of an image) or ``vector``.
    ``size`` is the length of ``text`` in characters, or of ``vector``; it is filled by the store when it comes out.
    """

    type: SampleType
    metric: str
    variant: str
    iteration: int
    timestamp: int
    key: str = ""
    worker: str = ""
    text: str = ""
    vector: Floats | None = None
    size: int = 0
    entity: str = ""


@dataclass(slots=True)
class EntityEvents:
    """The events of one entity in a batch. ``worker`` is the reporting host of the scalars."""

    entity: Entity
    worker: str = ""
    scalars: Scalars | None = None
    samples: list[Sample] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)

    def __len__(self) -> int:
        return (len(self.scalars) if self.scalars is not None else 0) + len(self.samples) + len(self.logs)


@dataclass(slots=True)
class EventBatch:
    """What one request reports, one item per entity."""

    items: list[EntityEvents] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(item) for item in self.items)


@dataclass(frozen=True, slots=True)
class AppendResult:
    """``added``: number of events stored, replaced ones included."""

    added: int


# --- what comes out ---


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """Selects a metric, and of it the given variants (empty: all)."""

    metric: str
    variants: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One series and its extent. ``count`` is exact after background work has settled, else an upper bound.

    Of a series that holds special iterations only, ``first_iteration`` and ``last_iteration`` are those.
    """

    entity: str
    type: SeriesType
    metric: str
    variant: str
    count: int
    first_iteration: int
    last_iteration: int
    last_timestamp: int
    label: str | None = None


@dataclass(slots=True)
class SeriesPoints:
    """Points of one series; the three columns are parallel, and NaN is a point without a value."""

    entity: str
    metric: str
    variant: str
    iterations: Ints
    timestamps: Ints
    values: Floats
    label: str | None = None
    worker: str = ""


Curve: TypeAlias = SeriesPoints
"""A curve fit to draw: ordered by the axis asked for, without special iterations."""


@dataclass(frozen=True, slots=True)
class CurveQuery:
    """Curves of many entities and metrics.

    ``axis`` orders and buckets the points: by iteration or by timestamp (ms). ``samples`` is the greatest number of points
    of one curve: a longer curve is cut into buckets of equal width on the axis, of which the lowest and the highest point
    stay, as do both ends of the curve. ``start`` and ``end`` (inclusive) bound the axis; the curve is then drawn from what
    lies between. ``metrics`` empty: all.
    """

    kind: EntityKind
    entities: Sequence[str]
    metrics: Sequence[MetricFilter] = ()
    axis: Literal["iteration", "timestamp"] = "iteration"
    samples: int = 2000
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class PointQuery:
    """Every stored point of one entity, in pages of whole iterations.

    ``after`` is the last iteration of the page before (None: from the beginning; with ``order`` "desc" from the end).
    ``limit`` is a number of points over all series; the page is extended until its last iteration is whole.
    ``special``: with special iterations. ``count``: also answer how many points there are (costs more).
    """

    entity: Entity
    metrics: Sequence[MetricFilter] = ()
    after: int | None = None
    limit: int = 10_000
    order: Literal["asc", "desc"] = "asc"
    special: bool = False
    count: bool = False


@dataclass(slots=True)
class PointPage:
    """``series``: the points by series, each ordered by iteration as asked. ``next``: the cursor of the next page, or None
    at the end. ``total``: number of stored points of the selection when asked for, else None."""

    series: list[SeriesPoints]
    next: int | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Plots, images or vectors of entities.

    ``start`` and ``end`` bound the iteration (inclusive). ``newest`` keeps the newest n iterations of each variant.
    ``order`` is that of iterations. ``limit`` is a number of samples; a page is extended until its last iteration is
    whole. ``payload=False`` leaves ``text`` and ``vector`` empty and is cheap.
    """

    kind: EntityKind
    entities: Sequence[str]
    type: SampleType
    metrics: Sequence[MetricFilter] = ()
    start: int | None = None
    end: int | None = None
    newest: int | None = None
    order: Literal["asc", "desc"] = "desc"
    limit: int | None = None
    payload: bool = True


@dataclass(slots=True)
class SamplePage:
    """``samples`` ordered by iteration as asked, then by entity, metric, variant and key. ``total``: number of all samples
    that the selection matches, without ``limit``."""

    samples: list[Sample]
    total: int


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A page of one entity's log.

    ``after``/``before`` bound the time, both exclusive. ``newest`` takes the page from the end of that stretch, else from
    its beginning. ``limit`` is a number of records; the page is extended until its last millisecond is whole.
    """

    entity: Entity
    after: int | None = None
    before: int | None = None
    newest: bool = True
    limit: int = 5000


@dataclass(slots=True)
class LogPage:
    """``records`` oldest first (equal times in order of arrival); ``total``: number of records of the entity."""

    records: list[LogRecord]
    total: int


@dataclass(frozen=True, slots=True)
class LogSearch:
    """Lines holding ``text`` (plain, ASCII letters of either case unless ``match_case``) in the logs of entities.

    Hits come entity by entity in the given order, oldest line first. ``limit`` is a number of hits, ``context`` a number of
    lines before and after each. ``cursor`` is ``next`` of the page before.
    """

    kind: EntityKind
    entities: Sequence[str]
    text: str
    match_case: bool = False
    limit: int = 100
    context: int = 2
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class LogHit:
    """One line that matches, with the lines around it (of the same worker or not) as they stand in the log."""

    entity: str
    timestamp: int
    level: str
    worker: str
    line: str
    before: list[str]
    after: list[str]


@dataclass(slots=True)
class LogSearchPage:
    """``next``: cursor of the next page, or "" at the end."""

    hits: list[LogHit]
    next: str = ""


@dataclass(frozen=True, slots=True)
class AggregateQuery:
    """Averages, minima and maxima by interval of time, for statistics of workers and queues.

    ``start`` inclusive, ``end`` exclusive, ``interval``: ms. ``merge`` joins the variants and entities of each metric.
    """

    kind: EntityKind
    entities: Sequence[str]
    start: int
    end: int
    interval: int
    metrics: Sequence[MetricFilter] = ()
    merge: bool = False


@dataclass(slots=True)
class Aggregate:
    """One row per interval that holds points: its beginning (ms) and what was in it. ``entity`` and ``variant`` are empty
    when merged."""

    entity: str
    metric: str
    variant: str
    starts: Ints
    averages: Floats
    minima: Floats
    maxima: Floats
    counts: Ints


@dataclass(frozen=True, slots=True)
class Deleted:
    """``events``: how many were deleted (an upper bound where points had been sent twice)."""

    events: int


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes and events that an entity keeps, by kind of event (``log`` for logs)."""

    entity: Entity
    type: str
    events: int
    size: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Events to forget: those of ``entities`` (None: of every entity of ``kind``) older than ``before`` (ms), of the given
    types (``log`` for logs; empty: all)."""

    kind: EntityKind
    before: int
    entities: Sequence[str] | None = None
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that :meth:`EventStore.fsck` found wrong: where (table and row, or file) and what."""

    where: str
    what: str


class EventStore(Protocol):
    """Keeps events. Safe to use from many tasks of one event loop at once; every method returns without blocking the loop.

    **Atomicity.** A batch is stored whole or not at all, and no reader ever sees part of one.
    **Durability.** When :meth:`append`, :meth:`delete`, :meth:`delete_logs` or :meth:`retain` return, a crash of the process
    or of the machine undoes nothing of it. Calls in flight share one commit.
    **Idempotence.** A scalar or sample is known by (entity, type, metric, variant, iteration, key): sending it again
    replaces it. Log records have no identity: sending one again stores it twice.
    **Ordering.** A read that starts after an append returned sees it. Of two appends of the same point the one that was
    awaited later counts; of two that run at once, either.
    **Isolation.** A cancelled append is stored whole or not at all; the caller cannot know which and may send it again.
    **Unknown entities** are no error: they are empty.
    """

    async def append(self, batch: EventBatch) -> AppendResult:
        """Store a batch durably.

        :raises StoreFullError: no space left on the device.
        :raises StoreBusyError: too much is waiting.
        """
        ...

    async def series(
        self, kind: EntityKind, entities: Sequence[str], types: Sequence[SeriesType] = (), metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesInfo]:
        """The series of entities, ordered by entity as given, then by type, metric and variant. ``types`` empty: all."""
        ...

    async def curves(self, query: CurveQuery) -> list[Curve]:
        """Curves to draw, in the order of :meth:`series`; series without a point on the curve are left out.

        The cost is that of the points drawn, not of the points stored.
        """
        ...

    async def points(self, query: PointQuery) -> PointPage:
        """A page of raw points, complete and exact."""
        ...

    async def single_values(
        self, kind: EntityKind, entities: Sequence[str], metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesPoints]:
        """The single values: one point per series, in the order of :meth:`series`."""
        ...

    async def latest(
        self, kind: EntityKind, entities: Sequence[str], count: int = 1, metrics: Sequence[MetricFilter] = ()
    ) -> list[SeriesPoints]:
        """The last ``count`` points of each series by iteration, oldest first, without special iterations."""
        ...

    async def samples(self, query: SampleQuery) -> SamplePage:
        """Plots, debug images or vectors by iteration."""
        ...

    async def logs(self, query: LogQuery) -> LogPage:
        """A page of a log. The cost does not depend on where in the log it lies."""
        ...

    async def search_logs(self, query: LogSearch) -> LogSearchPage:
        """Search logs for text. May return fewer hits than ``limit`` together with a cursor, to bound one call's time."""
        ...

    async def aggregate(self, query: AggregateQuery) -> list[Aggregate]:
        """Averages, minima and maxima of scalars by interval of time, ordered by entity, metric and variant."""
        ...

    async def delete(self, kind: EntityKind, entities: Sequence[str]) -> Deleted:
        """Forget every event of the entities at once; their space is given back in the background."""
        ...

    async def delete_logs(self, entity: Entity, before: int | None = None) -> Deleted:
        """Forget the log records of an entity older than ``before`` (ms; None: all)."""
        ...

    async def retain(self, retention: Retention) -> Deleted:
        """Forget old events. Runs for long; in small steps that let other writers through."""
        ...

    async def space(self, kind: EntityKind, entities: Sequence[str] | None = None) -> list[Space]:
        """What entities keep (None: every entity of the kind that keeps something)."""
        ...

    async def ready(self) -> None:
        """Return when the store can take and answer; raise :class:`EventStoreError` saying why when it cannot."""
        ...

    async def settle(self) -> None:
        """Wait until background work (compaction, giving space back) has nothing left to do."""
        ...

    async def fsck(self) -> list[Fault]:
        """Read everything and check it against its checksums; an empty list is a healthy store."""
        ...

    async def close(self) -> None:
        """Finish what was promised, release files and threads. Idempotent."""
        ...


class EventBackend(Protocol):
    """Opens event stores; registered by the hook ``trackyard_event_backends``.

    ``schemes`` are the URL schemes that it answers for, for example ``("sqlite",)``.
    """

    schemes: tuple[str, ...]

    async def open(self, url: str, data_dir: Path) -> EventStore:
        """Open or create the store. ``data_dir`` is the server's data directory, against which relative URLs are read.

        :raises EventStoreError: it cannot be opened; the message says why and what to do.
        """
        ...
