"""Wrong passwords are counted for each user and address, and slowed down. API keys are never counted, so nobody is locked out."""

from __future__ import annotations

import time
from collections import OrderedDict, deque

from trackyard.core.errors import busy

WINDOW = 900.0
"""Seconds for which a wrong password counts."""
OF_ONE_USER = 10
"""Wrong passwords of one user from one address within the window."""
OF_ONE_ADDRESS = 100
"""Wrong passwords of all users from one address within the window."""
MOST_KEYS = 20_000


class Attempts:
    """The attempts of the last minutes. An attempt counts from its beginning, so that a hundred at once count as a hundred."""

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def begin(self, username: str, address: str) -> None:
        """Count an attempt; raises `ApiError` 429 if there were too many."""
        now = time.monotonic()
        self._refuse(now, ("", address), OF_ONE_ADDRESS)
        self._refuse(now, (username, address), OF_ONE_USER)
        for key in (("", address), (username, address)):
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
        while len(self._times) > MOST_KEYS:
            self._times.popitem(last=False)

    def succeeded(self, username: str, address: str) -> None:
        """The password was right: forget the user's attempts and take this one from the address's."""
        self._times.pop((username, address), None)
        of_address = self._times.get(("", address))
        if of_address:
            of_address.pop()

    def _refuse(self, now: float, key: tuple[str, str], most: int) -> None:
        times = self._times.get(key)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if times and len(times) >= most:
            raise busy("Too many wrong passwords", retry_after=int(times[0] + WINDOW - now) + 1)
