"""When and from where access keys were last used, and when users logged in; written some times a minute, not with every call."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, update
from trackyard.core import clock
from trackyard.core.background import Delayed
from trackyard.core.entities import Credential, User
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
        self._logins: dict[str, datetime] = {}

    def note(self, access_key: str, client: Client) -> None:
        """Remember that the key was used just now."""
        self._pending[access_key] = (clock.now(), (client.worker or client.address)[:LONGEST_NAME])
        self._flush.ask()

    def note_login(self, user_id: str) -> None:
        """Remember that the user logged in just now."""
        self._logins[user_id] = clock.now()
        self._flush.ask()

    async def flush(self) -> None:
        """Write what was noted, at once."""
        await self._flush.now()

    async def _write(self) -> None:
        uses, self._pending = self._pending, {}
        logins, self._logins = self._logins, {}
        if uses or logins:
            await self._kernel.metadata.write(lambda session: write_uses(session, uses, logins))


def write_uses(session: Session, uses: dict[str, tuple[datetime, str]], logins: dict[str, datetime]) -> None:
    """Set the last use of each access key and the last login of each user."""
    for access_key, (moment, source) in uses.items():
        changed = update(Credential).where(col(Credential.access_key) == access_key)
        session.execute(changed.values(last_used=moment, last_used_from=source))
    for user_id, moment in logins.items():
        session.execute(update(User).where(col(User.id) == user_id).values(last_login=moment))
