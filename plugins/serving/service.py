"""The handlers of the service ``serving``."""

from __future__ import annotations

from collections.abc import Sequence

from trackyard.core import clock
from trackyard.core.kernel import Kernel
from trackyard.core.protocol.endpoint import Call, Empty
from trackyard.core.store import Document
from trackyard.plugins.serving import instances
from trackyard.plugins.serving import requests as r
from trackyard.plugins.serving.history import ServingHistory
from trackyard.plugins.serving.instances import Instance


class ServingService:
    """Answers for the endpoints from `start` on."""

    history: ServingHistory

    def start(self, kernel: Kernel) -> None:
        """Make ready to answer."""
        self.history = ServingHistory(kernel)

    async def register_container(self, call: Call, request: r.RegisterRequest) -> Document:
        """Register an instance that serves a model; one of that id is overwritten."""
        await call.metadata.write(lambda session: instances.register(session, call.identity, request))
        return {}

    async def unregister_container(self, call: Call, request: r.ContainerIdRequest) -> Document:
        """Forget an instance."""
        await call.metadata.write(lambda session: instances.unregister(session, call.identity.company, request.container_id))
        return {}

    async def container_status_report(self, call: Call, request: r.StatusRequest) -> Document:
        """Note what an instance has done; one that never registered is registered by this."""
        await call.metadata.write(lambda session: instances.report(session, call.identity, request))
        self.history.record(call.identity.company, request)
        return {}

    async def get_endpoints(self, call: Call, request: Empty) -> Document:
        """The endpoints that are served, each with the sum of its instances."""
        found = await call.metadata.read(lambda session: instances.alive(session, call.identity.company))
        by_url: dict[str, list[Instance]] = {}
        for one in found:
            if one.serves:
                by_url.setdefault(one.url, []).append(one)
        return {"endpoints": [_endpoint(url, serving) for url, serving in by_url.items()]}

    async def get_loading_instances(self, call: Call, request: Empty) -> Document:
        """The instances that registered and do not serve yet."""
        found = await call.metadata.read(lambda session: instances.alive(session, call.identity.company))
        return {"instances": [_loading(one) for one in found if not one.serves]}

    async def get_endpoint_details(self, call: Call, request: r.EndpointRequest) -> Document:
        """An endpoint with each of its instances."""
        found = await self._serving(call, request)
        newest = max(found, key=lambda one: one.seen)
        return {
            "endpoint": newest.facts.get("endpoint_name"),
            "model": newest.facts.get("model_name"),
            "url": request.endpoint_url,
            **newest.told(),
            "uptime_sec": int(max(one.number("uptime_sec") for one in found)),
            "last_update": newest.seen,
            "instances": [_instance(one) for one in found],
        }

    async def get_endpoint_metrics_history(self, call: Call, request: r.HistoryRequest) -> Document:
        """One metric of an endpoint by interval."""
        return await self.history.charts(call.identity.company, request, await self._serving(call, request))

    async def _serving(self, call: Call, request: r.EndpointRequest) -> list[Instance]:
        return await call.metadata.read(
            lambda session: instances.of_endpoint(session, call.identity.company, request.endpoint_url)
        )


def _sums(found: Sequence[Instance]) -> Document:
    latencies = [one.number("latency_ms") for one in found]
    return {
        "uptime_sec": int(max(one.number("uptime_sec") for one in found)),
        "requests": int(sum(one.number("requests_num") for one in found)),
        "requests_min": sum(one.number("requests_min") for one in found),
        "latency_ms": round(sum(latencies) / len(latencies)),
        "last_update": max(one.seen for one in found),
    }


def _endpoint(url: str, found: list[Instance]) -> Document:
    facts = max(found, key=lambda one: one.seen).facts
    names = {"endpoint": facts.get("endpoint_name"), "model": facts.get("model_name"), "url": url}
    return {**names, "instances": len(found), **_sums(found)}


def _instance(one: Instance) -> Document:
    machine = one.status.get("machine_stats") or {}
    counts = {f"{kind}_count": len(machine.get(f"{kind}_usage") or []) for kind in ("cpu", "gpu")}
    return {"id": one.id, **_sums([one]), **counts, "reference": one.facts.get("reference") or []}


def _loading(one: Instance) -> Document:
    return {
        "id": one.id,
        "endpoint": one.facts.get("endpoint_name"),
        "model": one.facts.get("model_name"),
        "url": one.url or None,
        **one.told(),
        "uptime_sec": int(one.number("uptime_sec")),
        "last_update": one.seen,
        "age_sec": int((clock.now() - one.registered).total_seconds()),
    }
