"""Run one service to its end, and tell the server how it ended."""

from __future__ import annotations

import logging

from trackyard.core.client import CallFailed
from trackyard.core.services.context import Caller, LostLease, Provided
from trackyard.core.services.instance import Instance, ServiceFailed

log = logging.getLogger(__name__)


async def run_service(host: Caller, url: str, provided: Provided, task: str) -> None:
    """Run the service of a task that was taken; cancelled, it is left to the next host."""
    try:
        async with Instance(provided, task, host, url) as instance:
            ending, message = await instance.run_to_end()
            await _tell(host, ending, task, message)
    except LostLease:
        log.info("service task %s is another host's", task)
    except ServiceFailed as error:
        await _tell(host, "tasks.failed", task, str(error))
    except CallFailed as error:
        if error.code >= 500:
            raise
        await _tell(host, "tasks.failed", task, str(error))


async def _tell(host: Caller, endpoint: str, task: str, message: str) -> None:
    try:
        await host.call(endpoint, {"task": task, "status_reason": endpoint.partition(".")[2], "status_message": message})
    except CallFailed as error:
        log.warning("service task %s: %s", task, error)
