"""What a plugin is: a class with a name, typed settings, needs, hooks and a life cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a plugin that has none."""


class Plugin:
    """Base of every plugin; a package registers a subclass by an entry point of the group ``trackyard``.

    Hooks are methods marked with ``hookimpl``; they only register objects. ``start`` and ``stop`` are awaited with a
    deadline (30 and 10 seconds); a plugin that fails is shown as failed and the server goes on, unless it is ``essential``.
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    version: ClassVar[str] = ""
    table: ClassVar[str] = ""
    settings_type: ClassVar[type[msgspec.Struct]] = NoSettings
    needs: ClassVar[tuple[str, ...]] = ()
    essential: ClassVar[bool] = False

    def __init__(self, settings: Any) -> None:
        """``settings`` is an instance of ``settings_type``, already validated."""
        self.settings = settings

    async def start(self, kernel: Kernel) -> None:
        """Called once, when the stores are open and before any request."""

    async def stop(self) -> None:
        """Called once at the end, also after a failed start."""
