"""The handlers of the service ``workers``."""

from __future__ import annotations

from trackyard.core.kernel import Kernel
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.workers import requests as r
from trackyard.plugins.workers.book import Caller, WorkerBook
from trackyard.plugins.workers.history import WorkerHistory
from trackyard.plugins.workers.listing import describe, select_workers


class WorkerService:
    """Answers for the workers from `start` on."""

    book: WorkerBook
    history: WorkerHistory

    def start(self, kernel: Kernel) -> None:
        """Make ready to answer."""
        self.book, self.history = WorkerBook(kernel), WorkerHistory(kernel)

    async def register(self, call: Call, request: r.RegisterRequest) -> Document:
        """Register a worker with its queues; one of that id is overwritten."""
        await self.book.register(_caller(call), request)
        return {}

    async def unregister(self, call: Call, request: r.WorkerRequest) -> Document:
        """Forget a worker; an unknown one is no error."""
        await self.book.unregister(call.identity.company, request.worker)
        return {}

    async def status_report(self, call: Call, request: r.StatusRequest) -> Document:
        """Note what a worker does and how its machine is; a worker that never registered is registered by this."""
        try:
            await self.book.report(_caller(call), request)
        finally:
            self.history.record(call.identity.company, request)
        return {}

    async def get_all(self, call: Call, request: r.FilterRequest) -> Document:
        """The workers that are alive, with their tasks and queues."""
        identity = call.identity
        workers = await call.metadata.read(
            lambda session: describe(session, select_workers(session, self.book, identity.company, request), identity)
        )
        return {"workers": workers}

    async def get_count(self, call: Call, request: r.CountRequest) -> Document:
        """How many workers are alive."""
        company = call.identity.company
        found = await call.metadata.read(lambda session: select_workers(session, self.book, company, request))
        return {"count": len(found)}

    async def get_stats(self, call: Call, request: r.StatsRequest) -> Document:
        """Statistics of the machines of workers by interval."""
        return await self.history.stats(call.identity.company, request)

    async def get_metric_keys(self, call: Call, request: r.MetricKeysRequest) -> Document:
        """The names of what workers report on their machines."""
        return await self.history.metric_keys(call.identity.company, request.worker_ids)

    async def get_activity_report(self, call: Call, request: r.PeriodRequest) -> Document:
        """How many workers there were and how many of them worked, by interval."""
        return await self.history.activity_report(call.identity.company, request)


def _caller(call: Call) -> Caller:
    return Caller(call.identity, call.remote)
