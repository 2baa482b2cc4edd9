"""Whether the three stores answer. The reason goes to the log: everybody may ask for the health."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from trackyard.core.extension import Health, HealthCheck
from trackyard.core.kernel import Kernel

log = logging.getLogger(__name__)
Probe = Callable[[Kernel], Awaitable[str]]


def checks() -> list[HealthCheck]:
    """A check for each store."""
    return [
        HealthCheck("metadata", _told("metadata", probe_metadata)),
        HealthCheck("events", _told("events", probe_events)),
        HealthCheck("files", _told("files", probe_files)),
    ]


async def probe_metadata(kernel: Kernel) -> str:
    """The database answers."""
    await kernel.metadata.check()
    return f"{kernel.metadata.dialect} answers"


async def probe_events(kernel: Kernel) -> str:
    """The event store takes and answers."""
    await kernel.events.ready()
    return "ready"


async def probe_files(kernel: Kernel) -> str:
    """The file store takes and answers, and how much fits."""
    await kernel.files.ready()
    free = await kernel.files.free_space()
    return "ready" if free is None else f"ready, {free / 1e9:.1f} GB free"


def _told(name: str, probe: Probe) -> Callable[[Kernel], Awaitable[Health]]:
    async def check(kernel: Kernel) -> Health:
        try:
            return Health(True, await probe(kernel))
        except Exception:
            log.warning("the %s store does not answer", name, exc_info=True)
            return Health(False, "does not answer; the server's log says why")

    return check
