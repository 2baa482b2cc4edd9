"""The plugin: endpoints, the rule for who may enqueue a service, the scope of access keys, and a daily tidying."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.cli.command import Command
from trackyard.core.entities import TASK, Task, table_of
from trackyard.core.extension import Job, Policy, StatusChange, TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Empty, Endpoint
from trackyard.core.store.services import SERVICES, forget_scope, read_values, write_values
from trackyard.plugins.services import hosting, managing
from trackyard.plugins.services import requests as r
from trackyard.plugins.services.commands import COMMANDS

DAY = 86400.0


class ServiceRule:
    """Hears of every task that is put into a queue: one that runs a service is noted, if the caller may start it."""

    def __init__(self) -> None:
        self.kernel: Kernel | None = None

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """Refuse a service that is unknown, that the caller may not start, or whose settings are wrong."""
        document = store.require(session, TASK, task, fields=("hyperparams",))
        name = hosting.named_service(document)
        if not name or self.kernel is None:
            write_values(session, SERVICES, {task: None})
            return []
        offer = hosting.find_offer(self.kernel, name)
        managing.require_permission(offer, identity)
        settings = managing.checked_settings(offer, hosting.parameters(document))
        write_values(session, SERVICES, {task: {"name": name, "starter": identity.user, "settings": settings}})
        write_values(session, hosting.STATUS, {task: None})
        return []

    async def after_status(self, change: StatusChange) -> None:
        """Of no interest to this rule."""


class ServicesPlugin(Plugin):
    """The service ``services`` of the API."""

    name = "services"
    summary = "Automation services: which there are, how they stand, who runs them"

    def __init__(self, settings: object) -> None:
        super().__init__(settings)
        self._rule = ServiceRule()
        self._scope = hosting.Scope()

    async def start(self, kernel: Kernel) -> None:
        """The rule asks the kernel for the services."""
        self._rule.kernel = kernel

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """What users call, and what hosts of services call."""
        return [
            Endpoint("services.get_all", managing.get_all, Empty),
            Endpoint("services.start", managing.start, r.StartRequest, writes=True),
            Endpoint("services.stop", managing.stop, r.ServiceTaskRequest, writes=True),
            Endpoint("services.configure", managing.configure, r.ConfigureRequest, writes=True),
            Endpoint("services.take", hosting.take, r.TakeRequest, writes=True),
            Endpoint("services.claim", hosting.claim, r.ClaimRequest, writes=True),
            Endpoint("services.report", hosting.report, r.ReportRequest, writes=True),
            Endpoint("services.save", hosting.save, r.SaveRequest, writes=True),
            Endpoint("services.release", hosting.release, r.HeldRequest, writes=True),
        ]

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """The rule."""
        return [self._rule]

    @hookimpl
    def trackyard_policies(self) -> list[Policy]:
        """The scope of access keys."""
        return [self._scope]

    @hookimpl
    def trackyard_commands(self) -> list[Command]:
        """``trackyard services …``."""
        return COMMANDS

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """Forget the state of services whose task is gone."""
        return [Job("services: forget deleted", DAY, forget_deleted)]


async def forget_deleted(kernel: Kernel) -> None:
    """Remove what is kept of services whose task was deleted."""
    await kernel.metadata.write(_forget_deleted)


def _forget_deleted(session: Session) -> None:
    records = read_values(session, SERVICES)
    table = table_of(Task)
    there = set(session.execute(select(table.c.id).where(table.c.id.in_(list(records)))).scalars())
    for task in sorted(set(records) - there):
        write_values(session, SERVICES, {task: None})
        write_values(session, hosting.STATUS, {task: None})
        forget_scope(session, hosting.state_of(task))
