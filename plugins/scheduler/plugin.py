"""The service ``scheduler``: clones a task and enqueues the clone, by cron or interval, or when something happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from trackyard.core import clock
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.plugin import Plugin
from trackyard.core.services import (
    Context,
    Cron,
    DatasetVersion,
    Happening,
    Interval,
    Missed,
    ModelPublished,
    Service,
    ServiceOffer,
    TaskChanged,
    Trigger,
)
from trackyard.core.services.clones import CALLS, launch_clone

MARK = "scheduled:"
"""A clone's comment begins with it: by the mark a clone is found again after a crash."""
On = Literal["time", "task", "model", "dataset"]


class SchedulerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[scheduler]``: the defaults of the service that clones and enqueues a task.

    ``task`` is cloned and its clone goes to the queue ``queue``. ``trigger`` is ``time`` (by ``cron``, or every ``minutes`` when
    there is no cron expression), or what happens: ``task`` (one of ``projects`` ended with one of ``statuses``), ``model``
    (published), ``dataset`` (new version). ``parameters`` change those of the clone (``Args/lr``); ``{id}`` and ``{name}`` in a
    value are of what happened.
    """

    task: Annotated[str, msgspec.Meta(description="The id of the task that is cloned")] = ""
    queue: Annotated[str, msgspec.Meta(min_length=1, description="The name of the queue for the clones")] = "default"
    trigger: Annotated[On, msgspec.Meta(description="What starts a clone")] = "time"
    cron: Annotated[str, msgspec.Meta(description="For time: a cron expression")] = ""
    zone: Annotated[str, msgspec.Meta(description="The time zone of the cron expression")] = "UTC"
    minutes: Annotated[float, msgspec.Meta(gt=0, description="For time without cron: minutes between two clones")] = 1440.0
    missed: Annotated[Missed, msgspec.Meta(description="What becomes of missed times: skip, or one clone at once")] = Missed.SKIP
    projects: Annotated[list[str], msgspec.Meta(description="For events: only of projects of these ids (none: any)")] = []
    tags: Annotated[list[str], msgspec.Meta(description="For events: only with one of these tags (none: any)")] = []
    statuses: Annotated[tuple[str, ...], msgspec.Meta(description="For task: the statuses that count")] = ("completed",)
    parameters: Annotated[dict[str, str], msgspec.Meta(description="Parameters of the clone by section/name")] = {}
    name: Annotated[str, msgspec.Meta(description="The name of the clones (empty: that of the task)")] = ""


class Scheduler(Service):
    """Clones and enqueues. The intent is kept before a clone is made, so that a crash makes none twice."""

    name = "scheduler"
    title = "Scheduler"
    summary = "Clones a task and enqueues the clone, by cron, interval or when something happens"
    settings_type = SchedulerSettings
    settings: SchedulerSettings
    permission = USER
    calls = (*CALLS, "models.get_all")

    def __init__(self, settings: SchedulerSettings) -> None:
        super().__init__(settings)
        if not settings.task:
            raise ValueError("task: found nothing; expected the id of the task that is cloned")
        wrong = [name for name in settings.parameters if "/" not in name]
        if wrong:
            raise ValueError(f"parameters: found {wrong[0]!r}; expected section/name, such as Args/lr")

    def triggers(self) -> Sequence[Trigger]:
        """One: by time, or of what happens."""
        chosen = self.settings
        if chosen.trigger == "task":
            return [TaskChanged(self.on_event, chosen.statuses, chosen.projects, tags=chosen.tags)]
        if chosen.trigger == "model":
            return [ModelPublished(self.on_event, chosen.projects, chosen.tags)]
        if chosen.trigger == "dataset":
            return [DatasetVersion(self.on_event, chosen.projects, chosen.tags)]
        if chosen.cron:
            return [Cron(chosen.cron, self.on_time, chosen.missed, chosen.zone)]
        return [Interval(chosen.minutes * 60, self.on_time, chosen.missed)]

    async def start(self, context: Context) -> None:
        """Finish what a crash cut off."""
        for key in context.store.keys("clone "):
            await self._finish(context, key)

    async def on_time(self, context: Context) -> None:
        """One clone for each planned time: a run that a crash cut off after its clone was made is not repeated."""
        due = clock.iso(context.due)
        if context.store.get("done") != due:
            await self._clone(context, due, {"id": "", "name": ""})

    async def on_event(self, context: Context, what: Happening) -> None:
        """One clone for what happened; what the scheduler made itself starts nothing."""
        if MARK + context.task not in str(what.document.get("comment") or ""):
            await self._clone(context, f"{what.kind} {what.id} {what.at}", {"id": what.id, "name": what.name})

    async def _clone(self, context: Context, cause: str, words: dict[str, str]) -> None:
        key = f"clone {cause}"
        values = {name: _filled(value, words) for name, value in self.settings.parameters.items()}
        await context.store.put(key, {"cause": cause, "at": clock.iso(context.now()), "parameters": values})
        await self._finish(context, key)

    async def _finish(self, context: Context, key: str) -> None:
        """From the kept intent to the enqueued clone; every step may have been done before."""
        intent, chosen = context.store.get(key), self.settings
        mark = f"{MARK}{context.task} {intent['cause']}"
        task = await launch_clone(context, chosen.task, chosen.task, mark, chosen.name, intent["parameters"], chosen.queue)
        context.log.info(f"{task} is in the queue {chosen.queue} ({intent['cause']})")
        count = context.store.get("clones", 0) + 1
        await context.store.put_many({key: None, "clones": count, "done": intent["cause"]})
        context.scalar("clones", "made", count, count)


def _filled(value: str, words: dict[str, str]) -> str:
    for word, text in words.items():
        value = value.replace(f"{{{word}}}", text)
    return value


class SchedulerPlugin(Plugin):
    """The service that schedules."""

    name = "scheduler"
    summary = "A service that clones and enqueues a task by time or when something happens"
    settings_type = SchedulerSettings
    settings: SchedulerSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """One service."""
        return [ServiceOffer(Scheduler, self.settings)]
