"""What the tests of this folder make and read on a server."""

import hashlib
from typing import Any

from trackyard.core.testing.http import Api


async def new_task(api: Api, **fields: Any) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": "a task", "type": "training", **fields}))["id"])


async def get_task(api: Api, task: str) -> dict[str, Any]:
    """The whole task."""
    found: dict[str, Any] = (await api.call("tasks.get_by_id", task=task))["task"]
    return found


async def new(api: Api, service: str, name: str, **fields: Any) -> str:
    """The id of a new project, queue or model."""
    more = {"uri": "http://127.0.0.1/of/a/model"} if service == "models" else {}
    return str((await api.call(f"{service}.create", {"name": name, **more, **fields}))["id"])


def point(task: str, iteration: int, value: float, metric: str = "loss", variant: str = "train") -> dict[str, Any]:
    """A point of a curve, as the SDK sends it."""
    event = {"type": "training_stats_scalar", "task": task, "metric": metric, "variant": variant, "iter": iteration}
    return {**event, "value": value, "timestamp": 1_700_000_000_000 + iteration, "method": "get"}


def hashes(metric: str = "loss", variant: str = "train") -> str:
    """The path of a metric's variant below ``last_metrics``."""
    return ".".join(hashlib.md5(name.encode()).hexdigest() for name in (metric, variant))
