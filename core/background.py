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
        self._waiting: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    def ask(self) -> None:
        """Have the work done soon."""
        if self._waiting is None:
            self._waiting = self._kernel.spawn(self._later(), self._name)

    async def now(self) -> None:
        """Do the work at once and return when it is done, also work that was under way."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        async with self._one_at_a_time:
            await self._work()

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        self._waiting = None
        async with self._one_at_a_time:
            await self._work()
