"""One-time login links: a random token that is good for one call, within a day. Only its hash is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from sqlmodel import Session, col, delete, select
from trackyard.core import clock
from trackyard.core.entities import KeyValue

PREFIX = "once_"
LIFETIME = timedelta(hours=24)
SCOPE = "identity.links"


def new_link_token() -> str:
    """A new token of a login link."""
    return PREFIX + secrets.token_urlsafe(32)


def add_link(session: Session, token: str, user_id: str) -> None:
    """Make the token good for a login as the user; those that have expired go."""
    now = clock.now()
    session.execute(delete(KeyValue).where(col(KeyValue.scope) == SCOPE, col(KeyValue.updated) < now - LIFETIME))
    session.add(KeyValue(scope=SCOPE, key=_name(token), value=user_id, updated=now))


def take_link(session: Session, token: str) -> str | None:
    """The user that the token stands for; it is used up with this. None for an unknown, used or expired one."""
    row = session.exec(select(KeyValue).where(KeyValue.scope == SCOPE, KeyValue.key == _name(token))).first()
    if row is None:
        return None
    user_id, made = str(row.value), row.updated
    session.delete(row)
    session.flush()
    return user_id if made > clock.now() - LIFETIME else None


def drop_links(session: Session, user_id: str) -> None:
    """The user's links are no longer good."""
    for row in session.exec(select(KeyValue).where(KeyValue.scope == SCOPE)).all():
        if row.value == user_id:
            session.delete(row)


def _name(token: str) -> str:
    return sha256(token.encode()).hexdigest()
