"""Services that the tests of the contract run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import USER
from trackyard.core.plugin import Plugin
from trackyard.core.services import Context, Cron, Happening, Interval, Missed, Once, Service, ServiceOffer, TaskChanged, Trigger
from trackyard.core.services.feed import DatasetVersion, ModelPublished


class CountingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[counting]``."""

    pause: Annotated[float, msgspec.Meta(gt=0, description="Seconds between two counts")] = 60.0
    unit: Literal["tasks", "queues"] = "tasks"
    loud: bool = False
    names: list[str] = []
    limit: int | None = None
    token: str = "unset"


class Counting(Service):
    """Counts, and can be told to fail."""

    name = "counting"
    title = "Counting"
    summary = "Counts tasks or queues"
    settings_type = CountingSettings
    settings: CountingSettings
    private = ("token",)
    calls = ("tasks.get_all", "queues.get_all")
    fail = 0
    ended: list[str] = []

    def triggers(self) -> Sequence[Trigger]:
        """One interval."""
        if "bad" in self.settings.names:
            raise ValueError("names: bad is not a name")
        return [Interval(self.settings.pause, self.count)]

    async def count(self, context: Context) -> None:
        """Count, keep and report the number of runs."""
        if Counting.fail:
            Counting.fail -= 1
            raise RuntimeError("no luck")
        runs = context.store.get("runs", 0) + 1
        found = (await context.call(f"{self.settings.unit}.get_all", search_hidden=True))[self.settings.unit]
        await context.store.put("runs", runs)
        context.log.info(f"count {runs}: {len(found)} {self.settings.unit}, token {self.settings.token}")
        context.scalar("count", self.settings.unit, len(found), runs)
        context.plot("count", "all", {"data": [{"type": "bar", "y": [len(found)]}], "layout": {}}, runs)
        if self.settings.limit is not None and runs >= self.settings.limit:
            context.finish("counted enough")

    async def stop(self, context: Context) -> None:
        """Remember that it was told."""
        Counting.ended.append(context.task)


class Nightly(Service):
    """Runs at three, and makes up for one missed run."""

    name = "nightly"

    def triggers(self) -> Sequence[Trigger]:
        """Two of the kind, of different policies."""
        return [Cron("0 3 * * *", self.late, Missed.ONCE), Cron("0 3 * * *", self.never_late)]

    async def late(self, context: Context) -> None:
        """Note the time."""
        context.log.info(f"late {context.now().isoformat()}")

    async def never_late(self, context: Context) -> None:
        """Note the time."""
        context.log.info(f"never late {context.now().isoformat()}")


class Listening(Service):
    """Hears of failed tasks, datasets and models."""

    name = "listening"
    fail = 0

    def triggers(self) -> Sequence[Trigger]:
        """Three that wait for something."""
        return [
            TaskChanged(self.failed, ["failed"]),
            DatasetVersion(self.dataset),
            ModelPublished(self.model),
        ]

    async def failed(self, context: Context, what: Happening) -> None:
        """Note the task."""
        if Listening.fail:
            Listening.fail -= 1
            raise RuntimeError("deaf")
        context.log.info(f"heard: task {what.name} {what.status}")

    async def dataset(self, context: Context, what: Happening) -> None:
        """Note the dataset."""
        context.log.info(f"heard: {what.kind} {what.name}")

    async def model(self, context: Context, what: Happening) -> None:
        """Note the model."""
        context.log.info(f"heard: {what.kind} {what.name}")


class Single(Service):
    """Does one thing once; everybody may start it."""

    name = "single"
    permission = USER
    fail = 0

    def triggers(self) -> Sequence[Trigger]:
        """One."""
        return [Once(self.work)]

    async def work(self, context: Context) -> None:
        """The one thing."""
        if Single.fail:
            Single.fail -= 1
            raise RuntimeError("not now")
        context.log.info("done once")


class ServiceSample(Plugin):
    """Registers them."""

    name = "service_sample"
    summary = "Services of tests"
    table = "counting"
    settings_type = CountingSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """All four."""
        return [ServiceOffer(Counting, self.settings), ServiceOffer(Nightly), ServiceOffer(Listening), ServiceOffer(Single)]
