"""Cards that plugins put on the home page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.testing.kernel import serving_kernel


async def weather(page: Page) -> dict[str, Any]:
    """Context of a card that works."""
    return {"sky": "<blue>"}


async def broken(page: Page) -> dict[str, Any]:
    """A card that does not."""
    raise RuntimeError("no weather today")


class CardsPlugin(Plugin):
    """Two cards, one of which fails."""

    name = "test-cards"

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """Both."""
        card = PanelKind.DASHBOARD_CARD
        return [Panel(card, "weather", "Weather", weather, "weather.html"), Panel(card, "storm", "Storm", broken, "weather.html")]


async def test_cards_are_shown_and_a_broken_one_harms_nobody(tmp_path: Path) -> None:
    """The card's template is rendered with its title and escapes; one that raises says so in its place."""
    async with serving_kernel(tmp_path, plugins=[CardsPlugin]) as api:
        await api.call("tasks.create", {"name": "any task", "type": "training"})
        token = (await api.call("auth.login"))["token"]
        headers = {"Cookie": f"clearml_token_basic={token}", "Sec-Fetch-Site": "same-origin"}
        async with api.session.get(api.urls["web"] + "/", headers=headers) as response:
            text = await response.text()
            assert response.status == 200
    assert '<p id="weather">Weather: &lt;blue&gt;</p>' in text
    assert "This card failed" in text
    assert "no weather today" not in text
