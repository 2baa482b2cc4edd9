"""Windows of time of pages with statistics: which are offered, which is chosen, and its interval."""

from __future__ import annotations

from dataclasses import dataclass

from trackyard.core.clock import now
from trackyard.core.panels import Page

POINTS = 60
"""Values of a curve over a whole window."""


@dataclass(frozen=True)
class Window:
    """A span of time up to now: the name in the address (``window=1d``), the title, seconds."""

    name: str
    title: str
    seconds: int

    def period(self) -> dict[str, float | int]:
        """``from_date``, ``to_date`` (seconds) and ``interval`` (seconds), as the statistics of the API take them."""
        end = now().timestamp()
        return {"from_date": end - self.seconds, "to_date": end, "interval": self.seconds // POINTS}


WINDOWS = [
    Window("3h", "3 h", 3 * 3600),
    Window("6h", "6 h", 6 * 3600),
    Window("12h", "12 h", 12 * 3600),
    Window("1d", "1 day", 24 * 3600),
    Window("1w", "1 week", 7 * 24 * 3600),
    Window("1m", "1 month", 30 * 24 * 3600),
]


def chosen_window(page: Page) -> Window:
    """The window that the address names, or three hours."""
    return next((window for window in WINDOWS if window.name == page.query.get("window")), WINDOWS[0])
