"""A plugin package of somebody else: an endpoint, a page, a file backend and a table of settings."""

from typing import Any

import msgspec
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Empty, Endpoint

from trackyard_example.memory import MemoryBackend


class ExampleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[example]``."""

    greeting: str = "hello"
    times: int = 1


class ExamplePlugin(Plugin):
    """What the package registers."""

    name = "example"
    summary = "An example of a package of somebody else"
    settings_type = ExampleSettings

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Empty]]:
        """One endpoint that answers with the settings."""
        return [Endpoint("example.greet", self._greet, Empty, permission=USER, summary="Greet")]

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """One page with a template of the package."""
        return [
            Panel(PanelKind.PAGE, "example", "Example", self._page, template="example/page.html", path="/example", nav="main")
        ]

    @hookimpl
    def trackyard_file_backends(self) -> list[MemoryBackend]:
        """Files in memory."""
        return [MemoryBackend()]

    async def _greet(self, call: Call, request: Empty) -> dict[str, Any]:
        return {"greeting": " ".join([self.settings.greeting] * self.settings.times)}

    async def _page(self, page: Page) -> dict[str, Any]:
        data = await page.call("example.greet")
        return {"greeting": data["greeting"], "user": page.identity.name}
