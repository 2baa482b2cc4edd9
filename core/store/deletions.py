"""Files and events that lost their owner: noted in the unit of work that removes the owner, removed later by a job."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import insert, or_, update
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.contracts.events import EntityKind
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.operations import FileDeletion
from trackyard.core.identity import Identity

EVENTS = "events"
EVENTS_AND_FILES = "events+files"
NOW = timedelta(0)


def events_url(kind: EntityKind, entity: str, *, with_files: bool = False) -> str:
    """What is noted for the events of a task or a model that is deleted, and the files that they show."""
    return f"{EVENTS_AND_FILES if with_files else EVENTS}:{kind}/{entity}"


def schedule_deletion(
    session: Session, urls: Iterable[str], identity: Identity, task: str | None = None, *, after: timedelta = NOW
) -> int:
    """Note that what these URLs name is to be removed, and not before a while is over; how many were noted."""
    moment = clock.now()
    rows = [
        {
            "url": url,
            "company": identity.company,
            "user": identity.user,
            "task": task,
            "status": "waiting",
            "created": moment,
            "next_attempt": moment + after,
            "attempts": 0,
        }
        for url in sorted(set(urls))
        if url
    ]
    if rows:
        session.execute(insert(table_of(FileDeletion)), rows)
    return len(rows)


def retry_deletions(session: Session, company: str, schemes: Iterable[str]) -> None:
    """Try again what failed or lay elsewhere, of the URLs with these schemes: somebody gave access to it."""
    table, moment = table_of(FileDeletion), clock.now()
    again = update(table).where(
        table.c.company == company,
        table.c.status.in_(("failed", "elsewhere")),
        or_(*(table.c.url.startswith(f"{scheme}://", autoescape=True) for scheme in schemes)),
    )
    session.execute(again.values(status="waiting", attempts=0, next_attempt=moment))
