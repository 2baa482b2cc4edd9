"""Removes what deleted and reset tasks leave behind: their files and events. A job works a durable queue off.

Only files that are a task's own are removed: their path must have a folder that ends in the task's id, as the SDK names
its folders, so that an address which somebody wrote into a task can't delete the files of another one. A file that was
stored after its task was reset belongs to the next run and stays. What lies outside the file store is removed by the
`FileRemover` for the scheme of its URL; without one it is not touched, and its row says ``elsewhere``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import delete, func, select, update
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import TASK, FileDeletion, table_of
from trackyard.core.extension import FileRemover, Health, LostFile, Removal
from trackyard.core.kernel import Kernel
from trackyard.core.paths import PathError, StoragePath, is_in_folder_of, storage_path
from trackyard.plugins.tasks.left_events import RESET, finish_reset, remove_events

SECONDS = 30.0
"""How often the queue is looked at."""
ATTEMPTS = 8
"""After so many failures a deletion is given up."""
FIRST_PAUSE = timedelta(seconds=60)
"""Pause after the first failure; it doubles with each."""
KEPT = timedelta(days=30)
"""How long a finished deletion can be looked up."""
BATCH = 200
AT_ONCE = 8
"""So many deletions run at the same time: an object store that does not answer holds up few."""
FOREIGN = Removal("elsewhere", "not in the task's own folder on this file server; it was not deleted")
log = logging.getLogger(__name__)


async def remove_deleted(kernel: Kernel) -> None:
    """Work off what is due; a failure is noted with the time of the next attempt."""
    while rows := await kernel.metadata.read(_due):
        for first in range(0, len(rows), AT_ONCE):
            part = rows[first : first + AT_ONCE]
            outcomes = await asyncio.gather(*(_try(kernel, row) for row in part))
            done = list(zip(part, outcomes, strict=True))
            await kernel.metadata.write(lambda session, done=done: _note(session, done))  # type: ignore[misc]
    await kernel.metadata.write(_forget_old)


async def finish_resets(kernel: Kernel) -> None:
    """Do, before calls are answered, what a server that was killed left of resets."""
    table = table_of(FileDeletion)
    query = select(table).where(table.c.status == "waiting", table.c.url.startswith(f"{RESET}:"))
    rows = await kernel.metadata.read(lambda session: list(session.execute(query)))
    done = [(row, await _try(kernel, row)) for row in rows]
    if done:
        await kernel.metadata.write(lambda session: _note(session, done))


def _due(session: Session) -> list[Any]:
    table = table_of(FileDeletion)
    query = select(table).where(table.c.status == "waiting", table.c.next_attempt <= clock.now())
    return list(session.execute(query.order_by(table.c.num).limit(BATCH)))


async def _try(kernel: Kernel, row: Any) -> Removal:
    try:
        return await _remove(kernel, row)
    except Exception as error:
        log.warning("could not delete %s of task %s", row.url, row.task, exc_info=True)
        return Removal("failed", f"{type(error).__name__}: {error}")


async def _remove(kernel: Kernel, row: Any) -> Removal:
    scheme, _, rest = row.url.partition(":")
    if scheme in (store.EVENTS, store.EVENTS_AND_FILES):
        return await remove_events(kernel, row, rest, with_files=scheme == store.EVENTS_AND_FILES)
    if scheme == RESET:
        return await finish_reset(kernel, row)
    if not row.task:
        return FOREIGN
    file = LostFile(row.url, row.task, row.company, row.created if await _exists(kernel, row.task) else None)
    if scheme in ("http", "https"):
        return await _remove_file(kernel, file)
    removers: list[FileRemover] = kernel.plugins.provided("file_removers")
    remover = next((remover for remover in removers if scheme in remover.schemes), None)
    if remover is None or not _is_own(rest, row.task):
        return FOREIGN
    return await remover.remove(file)


async def _exists(kernel: Kernel, task: str) -> bool:
    return await kernel.metadata.read(lambda session: store.get(session, TASK, task, fields=("id",)) is not None)


async def _remove_file(kernel: Kernel, file: LostFile) -> Removal:
    paths = own_paths(file.url, file.task)
    if not paths:
        return FOREIGN
    for path in paths:
        found = await kernel.files.stat(path)
        if found is None:
            continue
        if file.is_of_next_run(found.mtime):
            return Removal("done", "stored again since; it stays")
        await kernel.files.delete(path)
        return Removal("done", size=found.size)
    return Removal("done", "there is no such file here")


def own_paths(url: str, task: str | None) -> list[StoragePath]:
    """Where on this file server the address may lie: as it is, and behind a proxy's ``/files/``. ``[]``: not the task's own."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not task:
        return []
    texts = [parts.path, *([parts.path.partition("/files/")[2]] if "/files/" in parts.path else [])]
    return [path for path in _paths(texts) if is_in_folder_of(task, path)]


def _paths(texts: Sequence[str]) -> Iterator[StoragePath]:
    for text in texts:
        try:
            yield storage_path(unquote(text, errors="strict"))
        except (PathError, UnicodeDecodeError):
            continue


def _is_own(rest: str, task: str) -> bool:
    """Whether an address, given without its scheme, lies in a folder of the task; the name of a host is no folder."""
    try:
        return is_in_folder_of(task, storage_path(rest.removeprefix("//").partition("/")[2]))
    except PathError:
        return False


def _note(session: Session, outcomes: Sequence[tuple[Any, Removal]]) -> None:
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
