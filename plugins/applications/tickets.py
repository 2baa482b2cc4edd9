"""Tickets: what the address of an application's page holds instead of a cookie.

The page of an application has an origin of its own (see `headers`), so the browser sends no cookie with what the page asks for.
The ticket in the path says who looks at which application, signed by the server, for some hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import jwt
from trackyard.core import clock
from trackyard.core.errors import unauthorized

ALGORITHM = "HS256"
SECONDS = 12 * 3600
"""How long a page may go on asking; opening the application again makes a new ticket."""


@dataclass(frozen=True)
class Ticket:
    """Who may ask the application of which task; ``issued`` in milliseconds since 1970."""

    user: str
    task: str
    issued: int


def issue(key: str, user: str, task: str) -> str:
    """A new ticket as a part of a path."""
    issued = clock.epoch_ms(clock.now())
    return jwt.encode({"user": user, "task": task, "issued": issued, "exp": issued // 1000 + SECONDS}, key, ALGORITHM)


def read(key: str, text: str, task: str) -> Ticket:
    """The ticket, which must be one for ``task``; raises `ApiError` 401 if it is false or too old."""
    try:
        claims = jwt.decode(text, key, algorithms=[ALGORITHM], options={"require": ["user", "task", "issued", "exp"]})
    except jwt.PyJWTError:
        raise unauthorized(20, "This page is no longer good: open the application again", task=task) from None
    if claims["task"] != task:
        raise unauthorized(20, "This page is of another application", task=task)
    return Ticket(claims["user"], task, claims["issued"])
