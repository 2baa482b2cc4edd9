"""``events.get_task_events``: events of all types in pages of whole iterations."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from trackyard.core.contracts.events import Entity, EntityKind, LogQuery, PointQuery, SampleQuery, SampleType
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events.entities import kind_of, lookup
from trackyard.plugins.events.requests import TaskEventsRequest, filters
from trackyard.plugins.events.shapes import log_event, open_cursor, point_events, sample_event, seal_cursor

__all__ = ["get_task_events"]

LOWEST = -(2**63)
HIGHEST = 2**63 - 1
SAMPLES: tuple[SampleType, ...] = ("plot", "training_debug_image", "training_stats_vector")

Events = list[dict[str, Any]]


async def get_task_events(call: Call, request: TaskEventsRequest) -> dict[str, Any]:
    """Events ordered by iteration (logs by time). All events of the last iteration of a page are on it, so that a page may be
    longer than asked. Clients go on until a page is empty."""
    await lookup(call, kind_of(request.model_events), [request.task])
    if request.event_type == "log":
        events, total, place = await _logs(call, request)
    else:
        events, total, place = await _iterations(call, request)
    return {"events": events, "returned": len(events), "total": total, "scroll_id": seal_cursor(place)}


async def _logs(call: Call, request: TaskEventsRequest) -> tuple[Events, int, int]:
    newest = request.order == "desc"
    edge = open_cursor(request.scroll_id)
    after, before = (None, edge) if newest else (edge, None)
    page = await call.events.logs(LogQuery(Entity("task", request.task), after, before, newest, request.batch_size))
    records = page.records[::-1] if newest else page.records
    place = records[-1].timestamp if records else edge
    return (
        [log_event(record, request.task) for record in records],
        page.total,
        (LOWEST if newest else HIGHEST) if place is None else place,
    )


async def _iterations(call: Call, request: TaskEventsRequest) -> tuple[Events, int, int]:
    """One page of each type from the same place on, put together and cut after the same iteration."""
    after = open_cursor(request.scroll_id)
    types = [request.event_type] if request.event_type else ["training_stats_scalar", *SAMPLES]
    pages = [await _page(call, request, kind, after) for kind in types]
    sign = -1 if request.order == "desc" else 1
    events = sorted((event for page, _ in pages for event in page), key=lambda event: sign * event.get("iter", LOWEST))
    if len(events) > request.batch_size:
        last = events[request.batch_size - 1].get("iter", LOWEST)
        events = [event for event in events if sign * event.get("iter", LOWEST) <= sign * last]
    place = events[-1].get("iter", LOWEST) if events else after
    return events, sum(total for _, total in pages), sign * HIGHEST if place is None else place


def _page(call: Call, request: TaskEventsRequest, event_type: str, after: int | None) -> Awaitable[tuple[Events, int]]:
    kind = kind_of(request.model_events)
    if event_type == "training_stats_scalar":
        return _points(call, request, kind, after)
    return _samples(call, request, kind, event_type, after)  # type: ignore[arg-type]


async def _points(call: Call, request: TaskEventsRequest, kind: EntityKind, after: int | None) -> tuple[Events, int]:
    query = PointQuery(
        *(Entity(kind, request.task), filters(request.metrics), after, request.batch_size, request.order),
        special=True,
        count=True,
    )
    page = await call.events.points(query)
    return [event for series in page.series for event in point_events(series, request.model_events)], page.total or 0


async def _samples(
    call: Call, request: TaskEventsRequest, kind: EntityKind, event_type: SampleType, after: int | None
) -> tuple[Events, int]:
    ascending = request.order == "asc"
    query = SampleQuery(
        kind,
        [request.task],
        event_type,
        filters(request.metrics),
        start=after + 1 if ascending and after is not None and after < HIGHEST else None,
        end=after - 1 if not ascending and after is not None and after > LOWEST else None,
        order=request.order,
        limit=0 if after == (HIGHEST if ascending else LOWEST) else request.batch_size,
    )
    page = await call.events.samples(query)
    whole = await call.events.samples(SampleQuery(kind, [request.task], event_type, filters(request.metrics), limit=0))
    return [sample_event(sample, request.model_events) for sample in page.samples], whole.total
