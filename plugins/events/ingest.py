"""Taking events: ``events.add`` and ``events.add_batch``."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlmodel import Session
from trackyard.core.contracts.events import AppendResult, Entity, EventBatch, StoreBusyError, StoreFullError
from trackyard.core.errors import ApiError, busy
from trackyard.core.kernel import Kernel
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request
from trackyard.plugins.events.batching import Grouped, group
from trackyard.plugins.events.decoding import Decoded, Event, decode_lines, decode_object
from trackyard.plugins.events.entities import Known, find
from trackyard.plugins.events.sharing import Shared
from trackyard.plugins.events.statistics import Statistics, Update

__all__ = ["Ingest"]

THREAD_FROM = 400_000
"""Bodies of more bytes than this are decoded in a thread; lighter ones are done sooner than a thread is reached."""

log = logging.getLogger(__name__)


class Ingest:
    """The way of a batch: decode, look at its tasks, store, tell the tasks, tell the observers."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._statistics = Statistics(kernel.metadata)
        # one thread: decoding holds the interpreter, so that several would only take turns at the cost of each other's caches
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="event-decoder")
        self._known: Shared[list[Entity], dict[Entity, Known]] = Shared(self._find)

    async def close(self) -> None:
        """Wait for what is under way."""
        self._decoder.shutdown(wait=False)
        await self._known.close()
        await self._statistics.close()

    async def add(self, call: Call, request: Request) -> dict[str, Any]:
        """Store one event."""
        return await self._take(call, *_grouped(decode_object(call.body), call.worker))

    async def add_batch(self, call: Call, request: Request) -> dict[str, Any]:
        """Store the events of a body of JSON lines (or of one JSON object)."""
        if not call.is_batch:
            if not call.body:
                raise ApiError(400, 17, "Batch contains no items")
            return await self.add(call, request)
        if len(call.raw) > THREAD_FROM:
            loop = asyncio.get_running_loop()
            return await self._take(call, *await loop.run_in_executor(self._decoder, _read, call.raw, call.worker))
        return await self._take(call, *_read(call.raw, call.worker))

    async def _take(self, call: Call, decoded: Decoded, grouped: Grouped) -> dict[str, Any]:
        errors = decoded.errors + grouped.errors
        await self._drop_unknown(call, grouped, decoded.events, errors)
        batch = grouped.batch
        if not len(batch):
            raise ApiError(400, 131, "No events were added", data=dict(errors), errors=dict(errors))
        result = await self._append(batch)
        await self._statistics.record([Update.of(report) for report in grouped.reports])
        await self._tell(batch, result)
        return {"added": result.added, "errors": errors.total(), "errors_info": dict(errors)}

    async def _drop_unknown(self, call: Call, grouped: Grouped, events: list[Event], errors: Counter[str]) -> None:
        """Take out the events of tasks and models that do not exist or may not be changed any more."""
        entities = [report.events.entity for report in grouped.reports]
        known = await self._known.do(entities) if entities else {}
        kept = []
        for report in grouped.reports:
            entity = report.events.entity
            found = known.get(entity)
            if found is None or found.company != call.identity.company:
                errors[f"Invalid {entity.kind} id: id={entity.id[:100]}"] += len(report.events)
            elif found.locked and not any(event.allow_locked for event in events if event.task == entity.id):
                errors[f"Invalid {entity.kind} status: it is published"] += len(report.events)
            else:
                kept.append(report)
        grouped.reports = kept

    async def _find(self, requests: Sequence[list[Entity]]) -> Sequence[dict[Entity, Known]]:
        entities = {entity for request in requests for entity in request}

        def read(session: Session) -> dict[Entity, Known]:
            tasks = find(session, "task", (entity.id for entity in entities if entity.kind == "task"))
            models = find(session, "model", (entity.id for entity in entities if entity.kind == "model"))
            return {Entity("task", key): value for key, value in tasks.items()} | {
                Entity("model", key): value for key, value in models.items()
            }

        found = await self._kernel.metadata.read(read)
        return [found] * len(requests)

    async def _append(self, batch: EventBatch) -> AppendResult:
        try:
            return await self._kernel.events.append(batch)
        except StoreBusyError as error:
            raise busy("The event store has too much to write", max(round(error.retry_after), 1)) from error
        except StoreFullError as error:
            raise ApiError(500, 4, "Low disk space: no event was stored") from error

    async def _tell(self, batch: EventBatch, result: AppendResult) -> None:
        for name, observer in self._kernel.plugins.providers("event_observers"):
            try:
                await observer.after_append(batch, result)
            except Exception:
                log.exception("the event observer of plugin %s failed", name)


def _read(raw: bytes, worker: str | None) -> tuple[Decoded, Grouped]:
    """The events of a body, and the same in columns."""
    return _grouped(decode_lines(raw), worker)


def _grouped(decoded: Decoded, worker: str | None) -> tuple[Decoded, Grouped]:
    return decoded, group(decoded.events, worker)
