"""Plugins that hear of the life cycle, and may refuse an enqueue."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlmodel import Session
from trackyard.core.errors import ApiError
from trackyard.core.extension import StatusChange, TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.plugin import Plugin
from trackyard.core.testing.kernel import running_kernel

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEARD: list[StatusChange] = []


class Listener:
    """Refuses, warns or fails by the name of the task's reason for being."""

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """By the caller's name."""
        if identity.name == "refused":
            raise ApiError(400, 100, "Not today")
        if identity.name == "broken":
            raise RuntimeError("secret detail")
        return ["mind the gap"] if identity.name == "warned" else []

    async def after_status(self, change: StatusChange) -> None:
        """Remember, or fail."""
        HEARD.append(change)
        if change.message == "break the listener":
            raise RuntimeError("listener failed")


class ListeningPlugin(Plugin):
    """A plugin of a test."""

    name = "listening"
    summary = "Hears of tasks"

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """One listener."""
        return [Listener()]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Board]:
    """The tasks of a kernel with the listener."""
    async with running_kernel(tmp_path_factory.mktemp("kernel"), plugins=[ListeningPlugin]) as kernel:
        yield Board(kernel)


def named(board: Board, name: str) -> Board:
    """The same kernel, for a user of that name."""
    return Board(board.kernel, Identity(user="u", name=name, role="admin"))


def heard(task: str) -> list[tuple[str, str, str, str]]:
    """What the listener heard of a task: old and new status, message, and by whom."""
    return [(change.old, change.new, change.message, change.identity.user) for change in HEARD if change.task == task]


async def test_hook_task_listeners(board: Board) -> None:
    """Every change is told once it is durable, with the texts; no change is not told."""
    task, user = await board.make(), board.identity.user
    await board.call("started", task=task, status_message="a")
    await board.call("started", task=task)
    await board.call("completed", task=task, publish=True)
    assert heard(task) == [
        ("created", "in_progress", "a", user),
        ("in_progress", "completed", "", user),
        ("completed", "published", "", user),
    ]


async def test_refused_calls_are_not_told(board: Board) -> None:
    """Neither a call that fails, nor the part of many that fails."""
    good, bad = await board.make("stopped"), await board.make("published")
    assert await board.refused("started", task=bad) == (400, 110)
    await board.call("publish_many", ids=[bad, good])
    assert heard(bad) == []
    assert [change[:2] for change in heard(good)] == [("stopped", "published")]


async def test_a_listener_may_refuse_an_enqueue(board: Board) -> None:
    """Nothing is changed then."""
    task = await board.make()
    assert await named(board, "refused").refusal("enqueue", task=task, queue_name="some queue") == (400, 100, "Not today")
    assert await board.status(task) == "created"
    assert heard(task) == []


async def test_a_listener_may_warn(board: Board) -> None:
    """The caller is told."""
    task = await board.make()
    assert (await named(board, "warned").call("enqueue", task=task, queue_name="some queue"))["warnings"] == ["mind the gap"]


async def test_a_listener_that_cannot_be_asked_refuses(board: Board) -> None:
    """A rule is not passed by because it is broken, and its inside is not shown."""
    task = await board.make()
    code, subcode, message = await named(board, "broken").refusal("enqueue", task=task, queue_name="some queue")
    assert (code, subcode) == (500, 1)
    assert "listening" in message
    assert "secret" not in message


async def test_a_listener_that_fails_changes_nothing(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with the plugin's name."""
    task = await board.make()
    await board.call("started", task=task, status_message="break the listener")
    assert await board.status(task) == "in_progress"
    assert "plugin listening" in caplog.text
