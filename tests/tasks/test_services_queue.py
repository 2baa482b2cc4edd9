"""The rule of the queue ``services``."""

from __future__ import annotations

from pathlib import Path

import pytest
from trackyard.core.testing.kernel import running_kernel

from tests.tasks.board import Board


def config(mode: str) -> str:
    """The table of the plugin."""
    return f'[policies.services_queue]\nmode = "{mode}"\n'


async def test_refuse_is_the_default(tmp_path: Path) -> None:
    """The error says why, and names queues that fit; tasks that serve are welcome."""
    async with running_kernel(tmp_path) as kernel:
        board = Board(kernel)
        controller = await board.make(type="controller")
        answer = await board.call("enqueue", task=controller, queue_name="services")
        services, gpu = answer["fields"]["execution.queue"], await board.make_queue("gpu machines")
        for kind in ("training", "testing", "inference"):
            task = await board.make(type=kind)
            code, subcode, message = await board.refusal("enqueue", task=task, queue=services)
            assert (code, subcode) == (400, 100)
            assert f"Tasks of type {kind} do not belong into the queue services" in message
            assert "gpu machines" in message.partition("queues_that_fit=")[2]
            assert await board.refused("queues.add_task", task=task, queue=services) == (400, 100)
            assert await board.status(task) == "created"
            await board.call("enqueue", task=task, queue=gpu)
        assert await board.waiting(services) == [controller]
        many = await board.call("enqueue_many", ids=[await board.make(), controller], queue_name="services")
        assert [item["error"]["codes"] for item in many["failed"]] == [[400, 100], [400, 706]]


async def test_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The call succeeds, the caller and the log are told."""
    async with running_kernel(tmp_path, config("warn")) as kernel:
        board = Board(kernel)
        task = await board.make()
        answer = await board.call("enqueue", task=task, queue_name="services")
        (warning,) = answer["warnings"]
        assert "Queues that fit: " in warning
        assert await board.status(task) == "queued"
        assert "do not belong into the queue services" in caplog.text


async def test_allow(tmp_path: Path) -> None:
    """Nothing is said."""
    async with running_kernel(tmp_path, config("allow")) as kernel:
        board = Board(kernel)
        answer = await board.call("enqueue", task=await board.make(), queue_name="services")
        assert "warnings" not in answer


async def test_the_server_does_without_it(tmp_path: Path) -> None:
    """A plugin like others."""
    async with running_kernel(tmp_path, '[plugins]\ndisabled = ["policies-services-queue"]\n') as kernel:
        board = Board(kernel)
        assert (await board.call("enqueue", task=await board.make(), queue_name="services"))["queued"] == 1
