"""Tasks and models that events belong to: whether they exist, what they are called, whether they may still be changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlmodel import Session
from trackyard.core.contracts.events import EntityKind
from trackyard.core.entities import MODEL, TASK, table_of
from trackyard.core.errors import ApiError, invalid_id
from trackyard.core.protocol.endpoint import Call

__all__ = ["Known", "check_writable", "find", "kind_of", "lookup", "names_of"]

LOCKED_STATUSES = frozenset({"publishing", "published"})
PART = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A task or model that exists: its name, company ("" for public ones), and whether it was published."""

    id: str
    name: str
    company: str
    locked: bool


def kind_of(model_events: bool) -> EntityKind:
    """Whose events a request asks for."""
    return "model" if model_events else "task"


def find(session: Session, kind: EntityKind, ids: Iterable[str]) -> dict[str, Known]:
    """Those of the ids that exist; inside a unit of work."""
    wanted = sorted(set(ids))
    found: dict[str, Known] = {}
    for start in range(0, len(wanted), PART):
        rows = session.connection().execute(_query(kind), {"ids": wanted[start : start + PART]})
        for number, name, company, state in rows:
            locked = bool(state) if kind == "model" else state in LOCKED_STATUSES
            found[number] = Known(number, name, company, locked)
    return found


@cache
def _query(kind: EntityKind) -> Select[Any]:
    """What is read of the tasks or models ``ids``; built once, as building costs more than executing."""
    table = table_of((MODEL if kind == "model" else TASK).table)
    state = table.c.ready if kind == "model" else table.c.status
    return select(table.c.id, table.c.name, table.c.company, state).where(table.c.id.in_(bindparam("ids", expanding=True)))


async def lookup(call: Call, kind: EntityKind, ids: Sequence[str]) -> dict[str, Known]:
    """The tasks or models, in the given order, of the caller's company or public.

    :raises ApiError: 400/101 (400/201 for models) when one is unknown.
    """
    found = await call.metadata.read(lambda session: find(session, kind, ids))
    for number in ids:
        known = found.get(number)
        if known is None or known.company not in (call.identity.company, ""):
            raise invalid_id(kind, number)
    return {number: found[number] for number in ids}


async def names_of(call: Call, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
    """Names by id, in the given order; see :func:`lookup`."""
    return {number: known.name for number, known in (await lookup(call, kind, ids)).items()}


async def check_writable(call: Call, kind: EntityKind, number: str, allow_locked: bool) -> None:
    """Whether the caller may delete the entity's events.

    :raises ApiError: 400/101 or 400/201 when it is unknown or of another company, 400/110 when it is published.
    """
    known = (await lookup(call, kind, [number]))[number]
    if known.company != call.identity.company:
        raise invalid_id(kind, number)
    if known.locked and not allow_locked:
        raise ApiError(400, 110, f"Invalid {kind} status: it is published", id=number)
