"""A server that events are reported to."""

from collections.abc import Iterable, Mapping
from typing import Any

from trackyard.core.testing.http import Answer, Api

TIME = 1_700_000_000_000


class Server:
    """Reports events as the SDK does and calls endpoints."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def call(self, endpoint: str, /, **fields: Any) -> Any:
        """The data of a call that must succeed."""
        return await self.api.call(endpoint, fields)

    async def refusal(self, endpoint: str, /, **fields: Any) -> tuple[int, int]:
        """Code and subcode of a call that must fail."""
        return (await self.api.ask(endpoint, fields)).codes

    async def task(self, name: str = "some task") -> str:
        """The id of a new task."""
        return str((await self.call("tasks.create", name=name, type="training"))["id"])

    async def model(self, name: str = "some model") -> str:
        """The id of a new model that is not published."""
        return str((await self.call("models.create", name=name, uri="file:///x", ready=False))["id"])

    async def fields(self, task: str) -> Any:
        """The task."""
        return (await self.call("tasks.get_by_id", task=task))["task"]

    async def report(self, events: Iterable[Mapping[str, Any]]) -> Answer:
        """The answer to a batch."""
        return await self.api.batch("events.add_batch", events)

    async def add(self, events: Iterable[Mapping[str, Any]]) -> int:
        """How many events were stored, all of them."""
        answer = await self.report(events)
        assert answer.codes == (200, 0), answer.meta
        assert answer.data["errors"] == 0, answer.data
        return int(answer.data["added"])


def scalar(task: str, metric: str, variant: str, iteration: int | None, value: float | None, **more: Any) -> dict[str, Any]:
    """A scalar as the SDK sends it."""
    event = {"type": "training_stats_scalar", "task": task, "metric": metric, "variant": variant, "method": "get"}
    timing = {"timestamp": TIME + (iteration or 0)} | ({} if iteration is None else {"iter": iteration})
    return event | timing | ({} if value is None else {"value": value}) | {"allow_locked": True, "model_event": False} | more


def log(task: str, message: str, timestamp: int, **more: Any) -> dict[str, Any]:
    """A log record as the SDK sends it."""
    return {"type": "log", "task": task, "msg": message, "level": "INFO", "timestamp": timestamp, "worker": "host", **more}


def plot(task: str, metric: str, variant: str, iteration: int, text: str = '{"data": []}', **more: Any) -> dict[str, Any]:
    """A plot as the SDK sends it."""
    event = {"type": "plot", "task": task, "metric": metric, "variant": variant, "iter": iteration, "plot_str": text}
    return event | {"timestamp": TIME + iteration, "skip_validation": True} | more


def image(task: str, metric: str, variant: str, iteration: int, url: str = "http://files/x.png", **more: Any) -> dict[str, Any]:
    """A debug image as the SDK sends it."""
    event = {"type": "training_debug_image", "task": task, "metric": metric, "variant": variant, "iter": iteration}
    return event | {"timestamp": TIME + iteration, "url": url, "key": url.rpartition("/")[2]} | more
