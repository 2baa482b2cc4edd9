"""Scrolls that remember where they are: the same id comes back on every page."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from trackyard.core.ids import new_id

__all__ = ["Scrolls"]

S = TypeVar("S")

MAX_SCROLLS = 5000


class Scrolls(Generic[S]):
    """States by scroll id; those not used for longest are forgotten first."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, S] = OrderedDict()

    def get(self, scroll_id: str | None) -> S | None:
        """The state of a scroll, or None when there is none any more."""
        if not scroll_id or scroll_id not in self._states:
            return None
        self._states.move_to_end(scroll_id)
        return self._states[scroll_id]

    def put(self, scroll_id: str | None, state: S) -> str:
        """Keep a state under an id, a new one if none is given."""
        scroll_id = scroll_id or new_id()
        self._states[scroll_id] = state
        self._states.move_to_end(scroll_id)
        while len(self._states) > MAX_SCROLLS:
            self._states.popitem(last=False)
        return scroll_id

    def drop(self, scroll_id: str) -> None:
        """Forget a scroll."""
        self._states.pop(scroll_id, None)
