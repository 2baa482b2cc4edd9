"""The server, the browser and the page of the other browser tests; findings of axe in light and dark."""

from __future__ import annotations

from tests.ui_browser.conftest import browser, context, page, server, state
from tests.ui_browser.test_access import faults

__all__ = ["browser", "context", "faults", "page", "server", "state"]
