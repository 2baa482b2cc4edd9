"""Deleting all events of a task or model."""

from __future__ import annotations

from typing import Any

from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events.entities import check_writable
from trackyard.plugins.events.requests import DeleteModelRequest, DeleteTaskRequest

__all__ = ["delete_for_model", "delete_for_task"]


async def delete_for_task(call: Call, request: DeleteTaskRequest) -> dict[str, Any]:
    """Delete all events of a task; how many there were."""
    await check_writable(call, "task", request.task, request.allow_locked)
    return {"deleted": (await call.events.delete("task", [request.task])).events}


async def delete_for_model(call: Call, request: DeleteModelRequest) -> dict[str, Any]:
    """Delete all events of a model; how many there were."""
    await check_writable(call, "model", request.model, request.allow_locked)
    return {"deleted": (await call.events.delete("model", [request.model])).events}
