"""Plugins that fail, each at another step."""

from typing import Any

import msgspec
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Empty, Endpoint


class Fault(Exception):
    """What the broken plugins raise."""


async def answer(call: Call, request: Empty) -> dict[str, Any]:
    """An answer of a plugin that works."""
    return {"from": call.endpoint}


async def fail(call: Call, request: Empty) -> dict[str, Any]:
    """An answer that never comes."""
    raise Fault("a secret of the handler")


class FailsAtConfiguration(Plugin):
    """Raises when it is made."""

    name = "fails_at_configuration"

    def __init__(self, settings: msgspec.Struct) -> None:
        """Raise."""
        raise Fault("no configuration")


class FailsAtRegistration(Plugin):
    """Raises in a hook."""

    name = "fails_at_registration"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Empty]]:
        """Raise."""
        raise Fault("no registration")


class MisspellsAHook(Plugin):
    """Implements a hook that does not exist."""

    name = "misspells_a_hook"

    @hookimpl
    def trackyard_endpoint(self) -> list[Endpoint[Empty]]:
        """There is no hook of this name."""
        return []


class FailsAtStart(Plugin):
    """Registers an endpoint and raises when it is started: the endpoint is withdrawn."""

    name = "fails_at_start"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Empty]]:
        """An endpoint that is never seen."""
        return [Endpoint("withdrawn.answer", answer, Empty, permission=USER)]

    async def start(self, kernel: Kernel) -> None:
        """Raise."""
        raise Fault("no start")


class FailsAtStop(Plugin):
    """Raises when it is stopped."""

    name = "fails_at_stop"

    async def stop(self) -> None:
        """Raise."""
        raise Fault("no stop")


class FailsInHandler(Plugin):
    """Works, but its endpoint raises at every call."""

    name = "fails_in_handler"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Empty]]:
        """An endpoint that raises and one that answers."""
        return [Endpoint("faulty.fail", fail, Empty, permission=USER), Endpoint("faulty.answer", answer, Empty, permission=USER)]


class NeedsAFailure(Plugin):
    """Needs a plugin that fails."""

    name = "needs_a_failure"
    needs = ("fails_at_registration",)
