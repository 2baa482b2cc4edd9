"""Which status may follow which: every pair, with and without force."""

from itertools import product

import pytest
from trackyard.core.lifecycle import may_change

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALLOWED = {
    "created": {"queued", "in_progress"},
    "queued": {"created", "in_progress", "stopped"},
    "in_progress": {"stopped", "failed", "created", "completed"},
    "stopped": {"closed", "created", "failed", "queued", "in_progress", "published", "completed"},
    "closed": {"created", "failed", "published", "stopped"},
    "failed": {"created", "stopped", "published", "queued"},
    "publishing": {"published"},
    "published": set(),
    "completed": {"published", "in_progress", "created"},
}
"""By status, those that may follow, as the protocol says; a status may also follow itself, but for published."""

CALLS = {
    "created": "reset",
    "queued": "enqueue",
    "in_progress": "started",
    "stopped": "stopped",
    "closed": "close",
    "failed": "failed",
    "completed": "completed",
    "published": "publish",
}
"""The endpoint that leads to a status."""

PAIRS = list(product(ALLOWED, CALLS))


def is_allowed(old: str, new: str) -> bool:
    """What the table says."""
    return new in ALLOWED[old] or (old == new and new != "published")


@pytest.mark.parametrize(("old", "new"), PAIRS)
async def test_transition(board: Board, old: str, new: str) -> None:
    """An endpoint changes the status when the table allows it, else it answers 400/110 and changes nothing."""
    task = await board.make(old)
    before = await board.read(task)
    if is_allowed(old, new):
        assert (await board.call(CALLS[new], task=task))["updated"] == 1
        assert await board.status(task) == new
    else:
        assert await board.refused(CALLS[new], task=task) == (400, 110)
        assert await board.read(task) == before


@pytest.mark.parametrize(("old", "new"), PAIRS)
async def test_force_goes_round_the_table(board: Board, old: str, new: str) -> None:
    """With force every status may follow every other, even from published."""
    task = await board.make(old)
    assert (await board.call(CALLS[new], task=task, force=True))["updated"] == 1
    assert await board.status(task) == new


@pytest.mark.parametrize("old", sorted(ALLOWED))
async def test_table_of_the_life_cycle(old: str) -> None:
    """The table that other plugins ask is the same."""
    assert {new for new in CALLS if may_change(old, new)} == {new for new in CALLS if is_allowed(old, new)}


async def test_refusal_names_both_statuses(board: Board) -> None:
    """The message has the protocol's words."""
    task = await board.make("published")
    message = "Invalid task status (Invalid status change): current_status=published, new_status=completed"
    assert await board.refusal("completed", task=task) == (400, 110, message)


@pytest.mark.parametrize("endpoint", [*CALLS.values(), "stop", "dequeue", "edit", "update", "delete", "clone", "get_by_id"])
async def test_unknown_task_is_told(board: Board, endpoint: str) -> None:
    """An unknown id is 400/101 before anything else is looked at."""
    assert await board.refused(endpoint, task="nobody") == (400, 101)
