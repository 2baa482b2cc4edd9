"""A service that tags tasks which run for too long."""

from datetime import timedelta
from typing import Annotated

import msgspec
from trackyard.core import clock
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.services import Context, Interval, Service, ServiceOffer


class LongRunsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[long-runs]``: the defaults of the service."""

    hours: Annotated[float, msgspec.Meta(gt=0, description="Tasks that run for so long are tagged")] = 24.0
    tag: Annotated[str, msgspec.Meta(min_length=1, description="The tag")] = "long"


class LongRuns(Service):
    """Looks every five minutes."""

    name, title, summary = "long-runs", "Long runs", "Tags tasks that run for too long"
    settings_type = LongRunsSettings
    calls = ("tasks.get_all", "tasks.edit")

    def triggers(self) -> list[Interval]:
        return [Interval(300, self.look)]

    async def look(self, context: Context) -> None:
        before = clock.iso(context.now() - timedelta(hours=self.settings.hours))
        query = {"status": ["in_progress"], "started": [None, before], "tags": ["__$not", self.settings.tag]}
        found = await context.call("tasks.get_all", **query, only_fields=["id", "name", "tags"])
        for task in found["tasks"]:
            await context.call("tasks.edit", task=task["id"], tags=[*task["tags"], self.settings.tag], force=True)
            context.log.info(f"{task['name']} runs for more than {self.settings.hours:g} hours")
        tagged = context.store.get("tagged", 0) + len(found["tasks"])
        context.scalar("tasks", "tagged", tagged, context.store.get("looks", 0))
        await context.store.put_many({"tagged": tagged, "looks": context.store.get("looks", 0) + 1})


class LongRunsPlugin(Plugin):
    """Registers the service; the plugin's settings are its defaults."""

    name, summary, settings_type = "long-runs", "A service that tags long runs", LongRunsSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        return [ServiceOffer(LongRuns, self.settings)]
