"""Leases: of all servers that share a database, one at a time does a piece of work. Inside a unit of work."""

from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.operations import Lease
from trackyard.core.store.values import changed_rows, insert_missing


def take_lease(session: Session, name: str, holder: str, seconds: float) -> int | None:
    """Take the lease for ``seconds``, or keep it when ``holder`` has it; the fence, or None while somebody else has it.

    The fence grows with each new holder, so that what an earlier one still does can be told apart.
    """
    table, moment = table_of(Lease), clock.now()
    until = moment + timedelta(seconds=seconds)
    insert_missing(session, table, [{"name": name, "holder": "", "fence": 0, "expires": moment}])
    mine = (table.c.name == name, table.c.holder == holder)
    if not changed_rows(session, update(table).where(*mine, table.c.expires > moment).values(expires=until)):
        free = or_(table.c.expires <= moment, table.c.holder == "")
        taken = update(table).where(table.c.name == name, free)
        if not changed_rows(session, taken.values(holder=holder, fence=table.c.fence + 1, expires=until)):
            return None
    fence: int = session.execute(select(table.c.fence).where(table.c.name == name)).scalar_one()
    return fence


def release_leases(session: Session, holder: str) -> None:
    """Give up everything that ``holder`` has; fences go on from where they were."""
    table = table_of(Lease)
    session.execute(update(table).where(table.c.holder == holder).values(holder="", expires=clock.now()))
