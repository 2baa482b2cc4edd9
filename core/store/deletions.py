"""Files that lost their owner: noted in the unit of work that removes the owner, removed later by a job."""

from collections.abc import Iterable

from sqlalchemy import insert
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.operations import FileDeletion
from trackyard.core.identity import Identity


def schedule_deletion(session: Session, urls: Iterable[str], identity: Identity, task: str | None = None) -> int:
    """Note that the files at these URLs are to be removed; how many were noted."""
    moment = clock.now()
    rows = [
        {
            "url": url,
            "company": identity.company,
            "user": identity.user,
            "task": task,
            "status": "waiting",
            "created": moment,
            "next_attempt": moment,
            "attempts": 0,
        }
        for url in sorted(set(urls))
        if url
    ]
    if rows:
        session.execute(insert(table_of(FileDeletion)), rows)
    return len(rows)
