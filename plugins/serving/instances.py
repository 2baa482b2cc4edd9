"""Instances that serve models: registered, then reporting, gone when they are silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities import ServingContainer, table_of
from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.store import Document
from trackyard.core.store.values import changed_rows, insert_missing
from trackyard.plugins.serving.requests import ContainerRequest, RegisterRequest, StatusRequest

DEFAULT_TIMEOUT = 600
TOLD = ("model_source", "model_version", "preprocess_artifact", "input_type", "input_size")


@dataclass(frozen=True)
class Instance:
    """An instance that is alive: what it said when it registered, and what it reported last (empty before the first)."""

    id: str
    registered: datetime
    seen: datetime
    registration: Document
    status: Document

    @property
    def facts(self) -> Document:
        """What it serves: the last report counts, then the registration."""
        return {**self.registration, **self.status}

    @property
    def url(self) -> str:
        """The URL of the endpoint, or "" while it has none."""
        return str(self.facts.get("endpoint_url") or "")

    @property
    def serves(self) -> bool:
        """Whether it reports for an endpoint that has a URL; until then it is loading."""
        return bool(self.status and self.url)

    def number(self, name: str) -> float:
        """A number of the last report; 0 if it had none."""
        return float(self.status.get(name) or 0)

    def told(self) -> Document:
        """What is told of the model and its input, as far as it is known."""
        return {name: self.facts[name] for name in TOLD if self.facts.get(name) is not None}


def register(session: Session, identity: Identity, request: RegisterRequest) -> None:
    """Note an instance; one of that id is overwritten."""
    values = {"timeout": request.timeout or DEFAULT_TIMEOUT, "register_time": clock.now(), "status": {}}
    _save(session, identity, request, {**values, "registration": _facts(request)})


def report(session: Session, identity: Identity, request: StatusRequest) -> None:
    """Note what an instance reports; one that never registered is registered by this."""
    _save(session, identity, request, {"status": _facts(request)})


def _facts(request: ContainerRequest) -> Document:
    facts: Document = {name: value for name, value in msgspec.to_builtins(request).items() if value is not None}
    return facts


def _save(session: Session, identity: Identity, request: ContainerRequest, values: Document) -> None:
    table, moment = table_of(ServingContainer), clock.now()
    where = (table.c.company == identity.company, table.c.id == request.container_id)
    row = session.execute(select(table.c.last_activity_time, table.c.timeout).where(*where)).first()
    if row is not None and _is_gone(row, moment):
        session.execute(delete(table).where(*where))
        row = None
    if row is None:
        first = {
            "id": request.container_id,
            "company": identity.company,
            "timeout": DEFAULT_TIMEOUT,
            "register_time": moment,
            "last_activity_time": moment,
            "registration": _facts(request),
            "status": {},
        }
        insert_missing(session, table, [first])
    told = {"endpoint_name": request.endpoint_name, "endpoint_url": request.endpoint_url}
    changed = {**values, **told, "user": identity.user, "last_activity_time": moment}
    session.execute(update(table).where(*where).values(changed))


def unregister(session: Session, company: str, container: str) -> None:
    """Forget an instance; raises 400/1051 for an unknown one."""
    table = table_of(ServingContainer)
    if not changed_rows(session, delete(table).where(table.c.company == company, table.c.id == container)):
        raise ApiError(400, 1051, "Container is not registered", container_id=container)


def alive(session: Session, company: str) -> list[Instance]:
    """The instances that are alive, in the order of their registration."""
    table, moment = table_of(ServingContainer), clock.now()
    rows = session.execute(select(table).where(table.c.company == company).order_by(table.c.num))
    return [
        Instance(row.id, row.register_time, row.last_activity_time, row.registration, row.status)
        for row in rows
        if not _is_gone(row, moment)
    ]


def of_endpoint(session: Session, company: str, url: str) -> list[Instance]:
    """The instances that serve an endpoint; raises 400/1052 when none does."""
    found = [one for one in alive(session, company) if one.serves and one.url == url]
    if not found:
        raise ApiError(400, 1052, "No container serves this URL", endpoint_url=url)
    return found


def forget_gone(session: Session) -> None:
    """Delete the instances that are gone."""
    table, moment = table_of(ServingContainer), clock.now()
    for row in session.execute(select(table.c.num, table.c.last_activity_time, table.c.timeout)).all():
        if _is_gone(row, moment):
            session.execute(delete(table).where(table.c.num == row.num))


def _is_gone(row: Any, moment: datetime) -> bool:
    return bool(row.last_activity_time + timedelta(seconds=row.timeout) <= moment)
