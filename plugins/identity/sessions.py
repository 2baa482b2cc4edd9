"""The end of sessions, and whether a cookie may only travel over TLS."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlmodel import Session, col, delete
from trackyard.core import clock
from trackyard.core.authentication import COOKIE
from trackyard.core.entities import RevokedSession
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.identity import users
from trackyard.plugins.identity.realm import Realm
from trackyard.plugins.identity.tokens import LONGEST


def is_secure(call: Call) -> bool:
    """Whether the browser sees the site over https: directly, by a trusted proxy's word, or by the setting ``public_web``."""
    server = call.kernel.server
    if server.public_web.startswith("https:"):
        return True
    if call.request is None:
        return False
    forwarded = call.request.headers.get("X-Forwarded-Proto", "") if call.request.remote in server.trusted_proxies else ""
    return call.request.scheme == "https" or forwarded == "https"


async def log_out(realm: Realm, call: Call, everywhere: bool = False) -> None:
    """End the caller's session (or all of the user's) and let the browser drop the cookie."""
    identity = call.identity
    session_id = identity.claims.get("session_id")
    if everywhere and identity.user:
        await realm.accounts.change(lambda session: users.end_sessions(session, users.require_user(session, identity.user)))
        await asyncio.sleep(0.002)
    elif isinstance(session_id, str):
        await realm.accounts.change(lambda session: revoke_session(session, session_id, identity.user))
    call.set_cookie(name=COOKIE, value="", max_age=0, path="/", httponly=True, samesite="Lax", secure=is_secure(call))


def revoke_session(session: Session, session_id: str, user_id: str) -> None:
    """Refuse the session's tokens until the last of them has expired; what has expired itself is dropped."""
    now = clock.now()
    session.execute(delete(RevokedSession).where(col(RevokedSession.expires) < now))
    if session.get(RevokedSession, session_id) is None:
        session.add(RevokedSession(session=session_id, user=user_id, expires=now + timedelta(seconds=LONGEST)))
