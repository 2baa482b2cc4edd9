"""The table ``[alerts]``: where alerts may go is an administrator's to say, what is told is each task's."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place: a ``webhook`` (JSON), a ``slack``-compatible webhook (text), or ``email`` to addresses."""

    kind: Literal["webhook", "slack", "email"] = "webhook"
    url: str = ""
    to: tuple[str, ...] = ()


class MetricRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metric of running tasks whose last value must not be above or below something."""

    metric: str
    variant: str
    above: float | None = None
    below: float | None = None


def meta(text: str) -> msgspec.Meta:
    """The description of a setting."""
    return msgspec.Meta(description=text)


class AlertsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[alerts]``: where alerts may go, and the defaults of the service that sends them.

    ``targets`` are places by name: ``{ kind = "webhook" | "slack" | "email", url = "…", to = ["…"] }``. ``smtp_*`` is the mail
    server (``smtp_security``: ``starttls``, ``tls`` or ``none``), ``web`` the address of the web site for links;
    ``disk_paths`` are on the machine where the service runs. These are set in this table only, never by a task.
    """

    targets: dict[str, Target] = {}
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = "trackyard@localhost"
    web: str = ""
    disk_paths: tuple[str, ...] = ("/",)
    send_to: Annotated[list[str], meta("Names of targets (none: all)")] = []
    failed: Annotated[bool, meta("Tell when a task failed")] = True
    finished: Annotated[bool, meta("Tell when a task was completed")] = False
    projects: Annotated[list[str], meta("Only tasks of projects of these ids (none: all)")] = []
    tags: Annotated[list[str], meta("Only tasks with one of these tags (none: any)")] = []
    metrics: Annotated[list[MetricRule], meta('Last values of running tasks: [{"metric": …, "variant": …, "above": …}]')] = []
    worker_silent_minutes: Annotated[float, meta("Tell when a worker was silent for so long (0: never)")] = 5.0
    disk_free_percent: Annotated[float, meta("Tell when less of a disk is free (0: never)")] = 10.0
    repeat_minutes: Annotated[float, meta("The same is not told again within so many minutes")] = 60.0


PRIVATE = (
    *("targets", "smtp_host", "smtp_port", "smtp_security", "smtp_user", "smtp_password", "smtp_from", "web", "disk_paths"),
)
