"""Work that is done a moment after it was asked for, so that what is asked for meanwhile shares it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


class Delayed:
    """Does ``work`` once, ``seconds`` after `ask`; asking again before that changes nothing."""

    def __init__(self, kernel: Kernel, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """``name`` is shown in the log when the work fails."""
        self._kernel, self._name, self._seconds, self._work = kernel, name, seconds, work
        self._timer: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()

    def ask(self) -> None:
        """Have the work done soon."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._begin)

    async def now(self) -> None:
        """Do the work at once, after work that is under way, and return when it is done."""
        self._end_wait()
        async with self._one_at_a_time:
            await self._work()

    def _begin(self) -> None:
        self._end_wait()
        self._kernel.spawn(self.now(), self._name)

    def _end_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
