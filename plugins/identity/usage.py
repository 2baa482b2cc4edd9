"""When and from where access keys were last used; written some times a minute, not with every call."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, update
from trackyard.core import clock
from trackyard.core.background import Delayed
from trackyard.core.entities import Credential
from trackyard.core.extension import Client
from trackyard.core.kernel import Kernel

INTERVAL = 30.0
"""Seconds after which a use is written."""
LONGEST_NAME = 200


class Usage:
    """The uses that are not written yet, by access key."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._flush = Delayed(kernel, "identity: uses of access keys", INTERVAL, self._write)
        self._pending: dict[str, tuple[datetime, str]] = {}

    def note(self, access_key: str, client: Client) -> None:
        """Remember that the key was used just now."""
        self._pending[access_key] = (clock.now(), (client.worker or client.address)[:LONGEST_NAME])
        self._flush.ask()

    async def flush(self) -> None:
        """Write what was noted, at once."""
        await self._flush.now()

    async def _write(self) -> None:
        pending, self._pending = self._pending, {}
        if pending:
            await self._kernel.metadata.write(lambda session: write_uses(session, pending))


def write_uses(session: Session, uses: dict[str, tuple[datetime, str]]) -> None:
    """Set the last use of each access key."""
    for access_key, (moment, source) in uses.items():
        changed = update(Credential).where(col(Credential.access_key) == access_key)
        session.execute(changed.values(last_used=moment, last_used_from=source))
