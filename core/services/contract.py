"""What a service is: a class with typed settings, triggers, and async methods that are called with a `Context`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim
from trackyard.core.identity import ADMIN, Permission
from trackyard.core.plugin import NoSettings

if TYPE_CHECKING:
    from trackyard.core.services.context import Context
    from trackyard.core.services.feed import EventTrigger

Run = Callable[["Context"], Awaitable[None]]


class Missed(StrEnum):
    """What happens to runs whose time passed while nobody ran the service: nothing, or one run at once."""

    SKIP = "skip"
    ONCE = "once"


@dataclass(frozen=True)
class Interval:
    """Every so many seconds, counted from the beginning of the run before; the first run is at once."""

    seconds: float
    run: Run
    missed: Missed = Missed.ONCE

    def due(self, last: datetime | None, since: datetime) -> datetime | None:
        """When it is to run next. ``last``: its last run; ``since``: when a host took the service up, for the first run ever."""
        if last is None:
            return since
        step = timedelta(seconds=self.seconds)
        planned = last + step
        if planned < since and self.missed is Missed.SKIP:
            planned += step * (-((planned - since) // step))
        return planned


@dataclass(frozen=True)
class Cron:
    """At the times of a cron expression (minute, hour, day, month, weekday) in a time zone."""

    expression: str
    run: Run
    missed: Missed = Missed.SKIP
    zone: str = "UTC"

    def due(self, last: datetime | None, since: datetime) -> datetime | None:
        """The next time of the expression; None if there is none. Raises `ValueError` for a wrong expression."""
        begin = since if last is None or self.missed is Missed.SKIP else last
        begin = max(begin, last or begin).astimezone(ZoneInfo(self.zone))
        return next((moment.astimezone(UTC) for moment in CronSim(self.expression, begin)), None)


@dataclass(frozen=True)
class Once:
    """At once, and never again when it went well. A run that was cut off by a crash is run again."""

    run: Run

    def due(self, last: datetime | None, since: datetime) -> datetime | None:
        """At once if it never ended well."""
        return since if last is None else None


Timed = Interval | Cron | Once
if TYPE_CHECKING:
    Trigger = Timed | EventTrigger
else:
    Trigger = Any


def name_of(trigger: Trigger) -> str:
    """The name of a trigger: that of the method that it calls. Two triggers of one service may not share a method."""
    name: str = trigger.run.__name__
    return name


class Service:
    """Base of every service. One object is made for each task that runs it.

    ``settings_type`` is a Struct of which every field has a default; ``private`` names fields that only ``plugins.toml``
    sets and nobody sees (secrets, addresses that may be called). ``calls`` are the endpoints that its access key may call
    (``tasks.*``), ``role`` the most it may be. ``permission`` says who may start it.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    settings_type: ClassVar[type[msgspec.Struct]] = NoSettings
    private: ClassVar[tuple[str, ...]] = ()
    calls: ClassVar[tuple[str, ...]] = ("*",)
    role: ClassVar[str] = "user"
    permission: ClassVar[Permission] = ADMIN
    task_type: ClassVar[str] = "service"

    def __init__(self, settings: Any) -> None:
        """``settings`` is an instance of ``settings_type``. Raise `ValueError` for values that can't be used."""
        self.settings = settings

    def triggers(self) -> Sequence[Trigger]:
        """When which method runs. Runs of one service never overlap. Without triggers the service has nothing to do."""
        return []

    async def start(self, context: Context) -> None:
        """Called before the first run, each time that a host takes the service up or its settings change."""

    async def stop(self, context: Context) -> None:
        """Called when the service ends for good: stopped by a user, finished or failed. Not after a crash."""


@dataclass(frozen=True)
class ServiceOffer:
    """A service as a plugin registers it: the class, and the settings from ``plugins.toml`` as its defaults."""

    service: type[Service]
    defaults: Any = None

    @property
    def name(self) -> str:
        """The name of the service, unique on the server."""
        return self.service.name

    @property
    def settings(self) -> msgspec.Struct:
        """The defaults; those of the type if none are given."""
        return self.service.settings_type() if self.defaults is None else self.defaults
