"""Which part of the result is answered: pages, raw offsets and scrolls."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete
from sqlmodel import Session
from trackyard.core import clock, ids
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.entities.operations import Scroll
from trackyard.core.errors import validation
from trackyard.core.identity import Identity

PAGE_SIZE = 500
"""The greatest size of a page, and the size without one. Clients page with exactly this size."""
SCROLL_SIZE = 5000
"""The greatest size of one step of a scroll; the web application selects all rows in such steps."""
SCROLL_LIFE = timedelta(minutes=10)
PAGING = frozenset({"page", "page_size", "size", "start", "scroll_id", "refresh_scroll", "only_fields", "projection", "method"})
"""Keys of a request that do not say what the result is, only which part of it is shown and how."""


@dataclass
class Window:
    """The part of the result to answer: so many rows after an offset, or after the last row of a scroll."""

    limit: int
    offset: int = 0
    scroll: "ScrollState | None" = None


@dataclass
class ScrollState:
    """A scroll: ``after`` holds the sort values of the last row that was answered, None at the beginning."""

    id: str
    fingerprint: str
    after: list[Any] | None = None


def window(session: Session, kind: Kind, body: dict[str, Any], identity: Identity) -> Window:
    """Read the paging keys of a request."""
    if "scroll_id" in body:
        size = _number(body, "size", least=1)
        if size is None:
            size = _number(body, "page_size", least=1)
        return Window(min(size or PAGE_SIZE, SCROLL_SIZE), scroll=_scroll(session, kind, body, identity))
    if body.get("start") is not None:
        return Window(min(_number(body, "size", least=1) or PAGE_SIZE, PAGE_SIZE), _number(body, "start", least=0) or 0)
    size = min(_number(body, "page_size", least=1) or PAGE_SIZE, PAGE_SIZE)
    return Window(size, (_number(body, "page", least=0) or 0) * size)


def _number(body: dict[str, Any], name: str, *, least: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least or value > 2**53:
        raise validation(name, f"a whole number of at least {least} is expected")
    return value


def fingerprint(kind: Kind, body: dict[str, Any]) -> str:
    """The same for requests with the same filters and order."""
    query = {name: value for name, value in sorted(body.items()) if name not in PAGING}
    return hashlib.sha256(msgspec.json.encode([kind.name, query])).hexdigest()


def _scroll(session: Session, kind: Kind, body: dict[str, Any], identity: Identity) -> ScrollState:
    """The scroll that goes on, from its beginning if the query is another one or a refresh is asked for; else a new one."""
    given, now = fingerprint(kind, body), clock.now()
    known = session.get(Scroll, body["scroll_id"]) if isinstance(body["scroll_id"], str) and body["scroll_id"] else None
    if known is None or known.user != identity.user or known.kind != kind.name or known.expires < now:
        return ScrollState(ids.new_id(), given)
    if body.get("refresh_scroll") or known.state.get("fingerprint") != given:
        return ScrollState(known.id, given)
    return ScrollState(known.id, given, _unpacked(known.state.get("after")))


def _packed(after: list[Any] | None) -> list[Any] | None:
    """JSON knows no infinity, by which a value that is no number sorts."""
    return after and [after[0], ["inf" if value == math.inf else [value] for value in after[1]]]


def _unpacked(after: list[Any] | None) -> list[Any] | None:
    return after and [after[0], [math.inf if value == "inf" else value[0] for value in after[1]]]


def save(session: Session, kind: Kind, identity: Identity, state: ScrollState) -> None:
    """Remember where the scroll stands, for ten minutes; forget those that are over."""
    now: datetime = clock.now()
    table = table_of(Scroll)
    session.execute(delete(table).where(table.c.expires < now))
    session.merge(
        Scroll(
            id=state.id,
            kind=kind.name,
            user=identity.user,
            state={"fingerprint": state.fingerprint, "after": _packed(state.after)},
            expires=now + SCROLL_LIFE,
        )
    )
