"""One sample after the other: what a viewer shows when the reader presses "next" and "previous"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trackyard.core.contracts.events import EntityKind, MetricFilter, Sample, SampleQuery, SampleType
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events.entities import kind_of, lookup
from trackyard.plugins.events.requests import ImageSampleRequest, NextSampleRequest, PlotSampleRequest
from trackyard.plugins.events.scrolls import Scrolls
from trackyard.plugins.events.shapes import sample_event

__all__ = ["Viewer"]

Place = tuple[int, str, str]
"""Iteration, metric and variant; the variant is empty where a metric is shown with all its variants."""


@dataclass(frozen=True, slots=True)
class _State:
    """Where a viewer stands; ``metric`` limits it to one metric."""

    task: str
    place: Place
    metric: str | None


class Viewer:
    """``get_debug_image_sample`` and ``next_debug_image_sample``, or the same of plots.

    ``by_variant``: each variant is shown by itself (images), else a metric with all its variants (plots).
    """

    def __init__(self, kind: SampleType, by_variant: bool) -> None:
        self._type = kind
        self._by_variant = by_variant
        self._scrolls: Scrolls[_State] = Scrolls()

    def drop(self, scroll_id: str) -> None:
        """Forget a scroll."""
        self._scrolls.drop(scroll_id)

    async def get(self, call: Call, request: PlotSampleRequest) -> dict[str, Any]:
        """The sample of a metric (and variant) at an iteration or, without one there, the newest before it."""
        kind = kind_of(request.model_events)
        await lookup(call, kind, [request.task])
        variant = request.variant if isinstance(request, ImageSampleRequest) else ""
        limit = request.metric if request.navigate_current_metric else None
        places = await self._places(call, kind, request.task, limit)
        mine = [place for place in places if place[1:] == (request.metric, variant)]
        reached = [place for place in mine if request.iteration is None or place[0] <= request.iteration]
        if not reached:
            return self._reply(request.scroll_id, [], mine, request.model_events)
        scroll_id = self._scrolls.put(request.scroll_id, _State(request.task, reached[-1], limit))
        samples = await self._samples(call, kind, request.task, reached[-1])
        return self._reply(scroll_id, samples, mine, request.model_events)

    async def next(self, call: Call, request: NextSampleRequest) -> dict[str, Any]:
        """The sample before or after: the next variant and then iteration, or with ``next_iteration`` the same variant's next
        iteration. At either end there is none, and the scroll stays where it is."""
        kind = kind_of(request.model_events)
        await lookup(call, kind, [request.task])
        state = self._scrolls.get(request.scroll_id)
        if state is None or state.task != request.task:
            return self._reply(request.scroll_id, [], [], request.model_events)
        places = await self._places(call, kind, request.task, state.metric)
        candidates = [place for place in places if not request.next_iteration or place[1:] == state.place[1:]]
        earlier = request.navigate_earlier
        ahead = [place for place in candidates if (place < state.place if earlier else place > state.place)]
        if not ahead:
            return self._reply(request.scroll_id, [], _same_series(places, state.place), request.model_events)
        place = ahead[-1] if earlier else ahead[0]
        self._scrolls.put(request.scroll_id, _State(state.task, place, state.metric))
        samples = await self._samples(call, kind, request.task, place)
        return self._reply(request.scroll_id, samples, _same_series(places, place), request.model_events)

    async def _places(self, call: Call, kind: EntityKind, task: str, metric: str | None) -> list[Place]:
        """Where there is something to show, in order."""
        wanted = [MetricFilter(metric)] if metric is not None else []
        page = await call.events.samples(SampleQuery(kind, [task], self._type, wanted, payload=False))
        return sorted({(item.iteration, item.metric, item.variant if self._by_variant else "") for item in page.samples})

    async def _samples(self, call: Call, kind: EntityKind, task: str, place: Place) -> list[Sample]:
        iteration, metric, variant = place
        wanted = MetricFilter(metric, [variant] if self._by_variant else ())
        return (await call.events.samples(SampleQuery(kind, [task], self._type, [wanted], iteration, iteration))).samples

    def _reply(self, scroll_id: str | None, samples: list[Sample], places: list[Place], model_event: bool) -> dict[str, Any]:
        events = [sample_event(sample, model_event) for sample in samples]
        shown = {"event": events[0] if events else None} if self._by_variant else {"events": events}
        return {
            "scroll_id": scroll_id,
            **shown,
            "min_iteration": places[0][0] if places else None,
            "max_iteration": places[-1][0] if places else None,
        }


def _same_series(places: list[Place], place: Place) -> list[Place]:
    return [other for other in places if other[1:] == place[1:]]
