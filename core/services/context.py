"""What the methods of a service are given: the API, a store, a log, metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import orjson
from trackyard.core import clock
from trackyard.core.client import ApiClient, CallFailed

log = logging.getLogger(__name__)
BATCH = 500


class LostLease(Exception):
    """Another host has the service by now, or its task is gone: this instance must do nothing more."""


Provided = Callable[[str], list[Any]]
"""Gives what all plugins register by a hook (without the prefix ``trackyard_``)."""


class Caller(Protocol):
    """Calls endpoints: an `ApiClient`, or the server itself."""

    async def call(self, endpoint: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The ``data`` of the answer; raises `CallFailed`."""
        ...


class Store:
    """The state of a service: JSON values by key, in the server's database; it survives restarts and belongs to the task.

    A write is durable when it returns, and refused with `LostLease` when another host has taken the service over.
    Keys beginning with ``@`` are the contract's own.
    """

    def __init__(self, values: dict[str, Any], save: Callable[[dict[str, Any]], Any]) -> None:
        self._values = values
        self._save = save

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        return self._values.get(key, default)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with ``prefix``, sorted."""
        return sorted(key for key in self._values if key.startswith(prefix) and (prefix or not key.startswith("@")))

    async def put(self, key: str, value: Any) -> None:
        """Set one value; None removes it."""
        await self.put_many({key: value})

    async def put_many(self, values: Mapping[str, Any]) -> None:
        """Set several values at once: all or none."""
        await self._save(dict(values))
        for key, value in values.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value


class ServiceLog:
    """The log of the service: the lines go to its task."""

    def __init__(self, add: Callable[[dict[str, Any]], None]) -> None:
        self._add = add

    def info(self, text: str) -> None:
        """What happened."""
        self._line("info", text)

    def warning(self, text: str) -> None:
        """What somebody should look at."""
        self._line("warning", text)

    def error(self, text: str) -> None:
        """What failed."""
        self._line("error", text)

    def _line(self, level: str, text: str) -> None:
        self._add({"type": "log", "level": level, "msg": text})


class Context:
    """One service at work. ``task`` is the id of its task; ``fence`` grows with each host that takes it up.

    ``due`` is the time for which the present run was planned: the same when the run is repeated after a failure or a crash.
    ``provided(hook)`` gives what plugins register by a hook, such as the strategies of the optimizer.
    """

    def __init__(
        self, task: str, fence: int, client: ApiClient, store: Store, now: Callable[[], datetime], provided: Provided
    ) -> None:
        self.task = task
        self.fence = fence
        self.client = client
        self.store = store
        self.now = now
        self.due = now()
        self.provided = provided
        self.log = ServiceLog(self._add)
        self.finished: str | None = None
        self.failed = False
        self._events: list[dict[str, Any]] = []

    async def call(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        """The ``data`` of an endpoint, called with the service's own access key; raises `CallFailed`."""
        return await self.client.call(endpoint, fields)

    def scalar(self, metric: str, variant: str, value: float, iteration: int) -> None:
        """Report one point of a curve."""
        self._add({"type": "training_stats_scalar", "metric": metric, "variant": variant, "value": value, "iter": iteration})

    def plot(self, metric: str, variant: str, figure: Mapping[str, Any], iteration: int = 0) -> None:
        """Report a Plotly figure (``data`` and ``layout``)."""
        text = orjson.dumps(figure).decode()
        self._add({"type": "plot", "metric": metric, "variant": variant, "iter": iteration, "plot_str": text})

    def finish(self, message: str = "", failed: bool = False) -> None:
        """End the service when the present run returns: well, or with its task failed."""
        self.finished, self.failed = message, failed

    async def flush(self) -> None:
        """Send what was logged and reported. It is done after each run and every few seconds."""
        while self._events:
            some, self._events = self._events[:BATCH], self._events[BATCH:]
            try:
                await self.client.add_events(some)
            except CallFailed as error:
                log.warning("service task %s: %d events were refused: %s", self.task, len(some), error)

    def _add(self, event: dict[str, Any]) -> None:
        moment = clock.epoch_ms(self.now())
        self._events.append({"task": self.task, "timestamp": moment, "worker": "service", **event})
