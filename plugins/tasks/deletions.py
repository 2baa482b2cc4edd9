"""Removes what deleted and reset tasks leave behind: files on the file server, and events. A job works a durable queue off.

Only files that are a task's own are removed: their path must have a segment that ends in the task's id, as the SDK names
its folders, so that an address which somebody wrote into a task can't delete the files of another one. A file that was
stored after its task was reset belongs to the next run and stays. What lies elsewhere (object storage, other servers, other
folders) is not touched; its row says ``elsewhere`` for whoever wants to know.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import delete, func, select, update
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.contracts.events import EntityKind, EventStore, SampleQuery
from trackyard.core.entities import FileDeletion, table_of
from trackyard.core.extension import Health
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.paths import PathError, StoragePath, storage_path

EVENTS = "events"
EVENTS_AND_FILES = "events+files"
SECONDS = 30.0
"""How often the queue is looked at."""
ATTEMPTS = 8
"""After so many failures a deletion is given up."""
FIRST_PAUSE = timedelta(seconds=60)
"""Pause after the first failure; it doubles with each."""
KEPT = timedelta(days=30)
"""How long a finished deletion can be looked up."""
BATCH = 200
PAGE = 1000
IMAGE_SOURCE = re.compile(r'"(?:source|url)"\s*:\s*"(https?://[^"\\]+)"')
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a deletion went: ``done``, ``elsewhere`` (not ours to delete) or ``failed`` (to be tried again)."""

    status: str
    error: str | None = None
    size: int | None = None


def events_url(kind: EntityKind, entity: str, *, with_files: bool = False) -> str:
    """What stands in the queue for the events of a task or a model, and the files that they show."""
    return f"{EVENTS_AND_FILES if with_files else EVENTS}:{kind}/{entity}"


async def remove_deleted(kernel: Kernel) -> None:
    """Work off what is due; a failure is noted with the time of the next attempt."""
    while rows := await kernel.metadata.read(_due):
        outcomes = [(row, await _try(kernel, row)) for row in rows]
        await kernel.metadata.write(lambda session, done=outcomes: _note(session, done))  # type: ignore[misc]
    await kernel.metadata.write(_forget_old)


def _due(session: Session) -> list[Any]:
    table = table_of(FileDeletion)
    query = select(table).where(table.c.status == "waiting", table.c.next_attempt <= clock.now())
    return list(session.execute(query.order_by(table.c.num).limit(BATCH)))


async def _try(kernel: Kernel, row: Any) -> Outcome:
    try:
        scheme, _, rest = row.url.partition(":")
        if scheme in (EVENTS, EVENTS_AND_FILES):
            return await _remove_events(kernel, row, rest, with_files=scheme == EVENTS_AND_FILES)
        return await _remove_file(kernel, row)
    except Exception as error:
        log.warning("could not delete %s of task %s", row.url, row.task, exc_info=True)
        return Outcome("failed", f"{type(error).__name__}: {error}")


async def _remove_events(kernel: Kernel, row: Any, entity: str, *, with_files: bool) -> Outcome:
    kind, _, identifier = entity.partition("/")
    if with_files:
        owner = Identity(user=row.user or "", name="", company=row.company)
        urls = [url async for url in shown_files(kernel.events, kind, identifier)]  # type: ignore[arg-type]
        await kernel.metadata.write(lambda session: store.schedule_deletion(session, urls, owner, row.task))
    await kernel.events.delete(kind, [identifier])  # type: ignore[arg-type]
    return Outcome("done")


async def shown_files(events: EventStore, kind: EntityKind, entity: str) -> AsyncIterator[str]:
    """The addresses of the files that the debug images and plots of a task or a model show."""
    async for sample in _samples(events, kind, entity, "training_debug_image"):
        if sample.text:
            yield sample.text
    async for sample in _samples(events, kind, entity, "plot"):
        for url in IMAGE_SOURCE.findall(sample.text):
            yield url


async def _samples(events: EventStore, kind: EntityKind, entity: str, type_: Any) -> AsyncIterator[Any]:
    start: int | None = None
    while True:
        page = await events.samples(SampleQuery(kind, [entity], type_, start=start, order="asc", limit=PAGE))
        for sample in page.samples:
            yield sample
        if len(page.samples) < PAGE:
            return
        start = page.samples[-1].iteration + 1


async def _remove_file(kernel: Kernel, row: Any) -> Outcome:
    paths = own_paths(row.url, row.task)
    if not paths:
        return Outcome("elsewhere", "not in the task's own folder on this file server; it was not deleted")
    for path in paths:
        found = await kernel.files.stat(path)
        if found is None:
            continue
        if not _is_older(found.mtime, row.created):
            return Outcome("done", "stored again since; it stays")
        await kernel.files.delete(path)
        return Outcome("done", size=found.size)
    return Outcome("done", "there is no such file here")


def own_paths(url: str, task: str | None) -> list[StoragePath]:
    """Where on this file server the address may lie: as it is, and behind a proxy's ``/files/``. ``[]``: not the task's own."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not task:
        return []
    texts = [parts.path, *([parts.path.partition("/files/")[2]] if "/files/" in parts.path else [])]
    found = []
    for text in texts:
        try:
            path = storage_path(unquote(text, errors="strict"))
        except (PathError, UnicodeDecodeError):
            continue
        if any(segment.endswith(f".{task}") for segment in path.split("/")[:-1]):
            found.append(path)
    return found


def _is_older(mtime: float, moment: datetime) -> bool:
    """Whether a file was stored before ``moment``; a time in whole seconds may be up to a second too early."""
    return mtime + (1.0 if mtime.is_integer() else 0.0) <= moment.timestamp()


def _note(session: Session, outcomes: Sequence[tuple[Any, Outcome]]) -> None:
    table, moment = table_of(FileDeletion), clock.now()
    for row, outcome in outcomes:
        attempts = row.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "error": outcome.error, "size": outcome.size}
        if outcome.status != "failed":
            values["status"] = outcome.status
        elif attempts >= ATTEMPTS:
            values["status"] = "failed"
        else:
            values["next_attempt"] = moment + FIRST_PAUSE * 2 ** (attempts - 1)
        session.execute(update(table).where(table.c.num == row.num).values(values))


def _forget_old(session: Session) -> None:
    table = table_of(FileDeletion)
    finished = table.c.status.in_(("done", "elsewhere"))
    session.execute(delete(table).where(finished, table.c.created < clock.now() - KEPT))


async def check_deletions(kernel: Kernel) -> Health:
    """Not well when deletions were given up; says how many wait, failed, or lie elsewhere."""
    table = table_of(FileDeletion)
    query = select(table.c.status, func.count()).where(table.c.status != "done").group_by(table.c.status)
    counts = dict(await kernel.metadata.read(lambda session: [tuple(row) for row in session.execute(query)]))
    told = ", ".join(f"{counts[status]} {status}" for status in sorted(counts))
    return Health(not counts.get("failed"), f"deletions: {told}" if told else "nothing waits to be deleted")
