"""Events that deleted and reset tasks leave behind, and the files that they show."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.clock import epoch_ms
from trackyard.core.contracts.events import EntityKind, EventStore, Retention, SampleQuery
from trackyard.core.entities import TASK, FileDeletion, table_of
from trackyard.core.extension import Removal
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.lifecycle import Unit

RESET = "reset"
LATER = timedelta(seconds=60)
"""The call that resets a task removes its events itself; when they are still there after so long, it did not get to it."""
NOT_RUN = ("created", "queued")
"""The statuses of a task that was reset and has not run since."""
PAGE = 1000
IMAGE_SOURCE = re.compile(r'"(?:source|url)"\s*:\s*"((?:https?|s3|gs|azure)://[^"\\]+)"')


def reset_url(task: str) -> str:
    """What is noted for the events of a task that is reset."""
    return f"{RESET}:task/{task}"


def note_reset(unit: Unit, task: str) -> None:
    """Note, in the unit that resets the task, that its events are to go."""
    store.schedule_deletion(unit.session, [reset_url(task)], unit.identity, task, after=LATER)


async def forget_reset(kernel: Kernel, tasks: Iterable[str]) -> int:
    """Remove the events of tasks that were reset, and what was noted of them; how many events there were."""
    names = list(tasks)
    deleted = await kernel.events.delete("task", names)
    table = table_of(FileDeletion)
    noted = delete(table).where(table.c.url.in_([reset_url(task) for task in names]), table.c.status == "waiting")
    await kernel.metadata.write(lambda session: session.execute(noted).close())
    return deleted.events


async def remove_events(kernel: Kernel, row: Any, entity: str, *, with_files: bool) -> Removal:
    """Remove the events of a deleted task or model (``kind/id``), after the files that they show were noted."""
    kind, _, identifier = entity.partition("/")
    if with_files:
        owner = Identity(user=row.user or "", name="", company=row.company)
        urls = [url async for url in shown_files(kernel.events, kind, identifier)]  # type: ignore[arg-type]
        await kernel.metadata.write(lambda session: store.schedule_deletion(session, urls, owner, row.task))
    await kernel.events.delete(kind, [identifier])  # type: ignore[arg-type]
    return Removal("done")


async def finish_reset(kernel: Kernel, row: Any) -> Removal:
    """Remove the events of a task whose reset was cut off. When it runs again, those from before the reset."""

    def status(session: Session) -> str | None:
        task = store.get(session, TASK, row.task, fields=("status",))
        return None if task is None else str(task["status"])

    if await kernel.metadata.read(status) in NOT_RUN:
        await kernel.events.delete("task", [row.task])
    else:
        await kernel.events.retain(Retention("task", epoch_ms(row.created), [row.task]))
    return Removal("done")


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
