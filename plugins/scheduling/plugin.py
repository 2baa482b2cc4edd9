"""The plugin: it offers the scheduler."""

from __future__ import annotations

from typing import Annotated

import msgspec
from trackyard.core.extension import Scheduler
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.plugins.scheduling.rules import Rules

Limit = Annotated[int, msgspec.Meta(ge=0)]


class SchedulingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[scheduling]``: whether tasks wait for more than their turn.

    With ``enabled`` the tags ``priority:N`` and ``needs:LABEL`` of tasks count, and the metadata ``max_running`` and
    ``max_running_per_user`` of queues. ``max_running_per_user`` here is the limit of one user in all queues together (0: none).
    """

    enabled: bool = False
    max_running_per_user: Limit = 0


class SchedulingPlugin(Plugin):
    """Priorities, limits and labels."""

    name = "scheduling"
    summary = "Which task an agent gets: priorities, limits of running tasks, labels of workers"
    settings_type = SchedulingSettings
    needs = ("tasks", "queues")

    @hookimpl
    def trackyard_schedulers(self) -> list[Scheduler]:
        """The rules, which are asked if they are switched on."""
        return [Rules(self.settings.max_running_per_user, active=self.settings.enabled)]
