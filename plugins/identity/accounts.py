"""Accounts: what must be known of a user to check credentials, read at once and remembered for some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlmodel import Session, col, select
from trackyard.core import clock
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.entities import Company, Credential, RevokedSession, User
from trackyard.core.identity import Identity, narrower

T = TypeVar("T")
REMEMBERED = 10.0
"""Seconds after which a change that another process made is seen."""
MOST_REMEMBERED = 10_000


def username_of(text: str) -> str:
    """A user name as it is kept: without space around it, in lower case."""
    return text.strip().casefold()


class By(StrEnum):
    """What an account is looked for by."""

    ID = "id"
    LOGIN = "login"
    """An access key or, if there is none of that text, a user name."""


@dataclass(frozen=True)
class Key:
    """An access key: the hash of its secret, a role that narrows the user's, and its end."""

    secret_hash: str
    role: str | None
    expires: datetime | None

    @property
    def expired(self) -> bool:
        """Whether its end has come."""
        return self.expires is not None and self.expires <= clock.now()


@dataclass(frozen=True)
class Account:
    """A user with credentials. Tokens issued before ``sessions_from`` (milliseconds) are refused."""

    id: str
    name: str
    role: str
    company: str
    company_name: str
    password_hash: str | None
    disabled: bool
    sessions_from: int
    keys: dict[str, Key] = field(repr=False)
    revoked: frozenset[str] = field(repr=False)

    def identity(self, role: str | None = None, claims: dict[str, Any] | None = None) -> Identity:
        """The caller that the account stands for; ``role`` narrows its role."""
        allowed = narrower(self.role, role)
        return Identity(self.id, self.name, allowed, self.company, self.company_name, claims=dict(claims or {}))


class Accounts:
    """Finds accounts; what was found is used again for some seconds, and forgotten with every change made here."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store
        self._found: dict[tuple[By, str], tuple[float, Account]] = {}
        self._changes = 0

    async def find(self, by: By, value: str) -> Account | None:
        """The account with that id, access key or user name."""
        remembered = self._found.get((by, value))
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        changes = self._changes
        account = await self._store.read(lambda session: read_account(session, by, value))
        # what was read before a change must not be remembered after it
        if account is not None and changes == self._changes:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[(by, value)] = (time.monotonic() + REMEMBERED, account)
        return account

    async def change(self, work: Callable[[Session], T]) -> T:
        """A unit of work that changes users or credentials; nothing older is remembered after it."""
        try:
            return await self._store.write(work)
        finally:
            self._changes += 1
            self._found.clear()


def read_account(session: Session, by: By, value: str) -> Account | None:
    """The account, read from the database."""
    wanted = User.id == value
    if by is By.LOGIN:
        owner = session.exec(select(Credential.user).where(Credential.access_key == value)).first()
        wanted = User.id == owner if owner is not None else User.username == username_of(value)
    user = session.exec(select(User).where(wanted)).first()
    if user is None:
        return None
    keys = session.exec(select(Credential).where(Credential.user == user.id)).all()
    revoked = session.exec(select(RevokedSession.session).where(col(RevokedSession.user) == user.id)).all()
    company = session.get(Company, user.company)
    return Account(
        id=user.id,
        name=user.name,
        role=user.role,
        company=user.company,
        company_name=company.name if company else "",
        password_hash=user.password_hash,
        disabled=user.disabled,
        sessions_from=clock.epoch_ms(user.sessions_from) if user.sessions_from else 0,
        keys={key.access_key: Key(key.secret_hash, key.role, key.expires) for key in keys},
        revoked=frozenset(revoked),
    )
