"""Who calls the endpoints of the contract when the host is the server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trackyard.core.client import CallFailed
from trackyard.core.errors import ApiError
from trackyard.core.identity import SYSTEM

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


class KernelCaller:
    """Calls endpoints of the server in the same process, as the system."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    async def call(self, endpoint: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """See `Caller.call`."""
        try:
            answer: dict[str, Any] = await self._kernel.call(endpoint, body or {}, SYSTEM)
        except ApiError as error:
            raise CallFailed(endpoint, error.code, error.subcode, error.message) from error
        return answer


def loopback(kernel: Kernel) -> str:
    """Where this process reaches its own API: not by the public address, which may lie behind a login."""
    host = kernel.server.host
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{kernel.ports['api']}"  # noqa: S104 - not bound here
