"""What the server remembers of tasks that run services, beside the tasks themselves. Inside a unit of work."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.operations import KeyValue

SERVICES = "services"
"""The scope in which each task that runs a service has an entry: its service's name and who started it."""


def is_service(task: Any) -> ColumnElement[bool]:
    """The condition that a task (a column with its id) runs a service of a plugin: agents leave it to a host of services."""
    table = table_of(KeyValue)
    return exists(select(table.c.key).where(table.c.scope == SERVICES, table.c.key == task).correlate_except(table))


def read_values(session: Session, scope: str) -> dict[str, Any]:
    """All values of a scope by key."""
    table = table_of(KeyValue)
    return {str(key): value for key, value in session.execute(select(table.c.key, table.c.value).where(table.c.scope == scope))}


def read_value(session: Session, scope: str, key: str) -> Any:
    """One value, or None."""
    table = table_of(KeyValue)
    return session.execute(select(table.c.value).where(table.c.scope == scope, table.c.key == key)).scalar()


def write_values(session: Session, scope: str, values: dict[str, Any]) -> None:
    """Set values of a scope; None removes the key."""
    for key, value in values.items():
        row = session.get(KeyValue, (scope, key))
        if value is None:
            if row is not None:
                session.delete(row)
            continue
        if row is None:
            row = KeyValue(scope=scope, key=key, version=0, updated=clock.now())
        row.value, row.version, row.updated = value, row.version + 1, clock.now()
        session.add(row)
    session.flush()


def forget_scope(session: Session, scope: str) -> None:
    """Remove all values of a scope."""
    session.execute(delete(table_of(KeyValue)).where(table_of(KeyValue).c.scope == scope))
