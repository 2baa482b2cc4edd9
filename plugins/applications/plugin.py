"""The plugin: endpoints, the route of the proxy, what is forgotten when a task ends, and the end of idle applications."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web
from sqlmodel import Session
from trackyard.core import clock
from trackyard.core.errors import ApiError
from trackyard.core.extension import Job, StatusChange, TaskListener
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import PUBLIC, SYSTEM, Identity
from trackyard.core.kernel import Kernel
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Empty, Endpoint
from trackyard.core.routes import Route, Site, Visit
from trackyard.plugins.applications import book
from trackyard.plugins.applications import requests as r
from trackyard.plugins.applications.headers import problem_page
from trackyard.plugins.applications.proxy import Proxy
from trackyard.plugins.applications.service import RUNNING, STARTING, ApplicationsService

LOOK_SECONDS, DAY = 60.0, 86400.0


class ApplicationsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[applications]``: interactive applications that tasks run.

    One that nobody has used for ``idle_minutes`` is stopped (0: never). ``queue`` is the name of the queue into which a task goes
    that was in none before.
    """

    idle_minutes: float = 30.0
    queue: str = "services"


class ApplicationsPlugin(Plugin):
    """The service ``applications`` and the addresses below ``/apps/``."""

    name = "applications"
    summary = "Interactive applications that tasks run, shown behind the server's login"
    settings_type = ApplicationsSettings
    settings: ApplicationsSettings
    needs = ("tasks",)

    def __init__(self, settings: ApplicationsSettings) -> None:
        super().__init__(settings)
        self._kernel: Kernel | None = None
        self._proxy: Proxy | None = None
        self._service = ApplicationsService(settings.queue)

    async def start(self, kernel: Kernel) -> None:
        """Begin to pass requests on."""
        self._kernel = kernel
        self._proxy = Proxy(kernel, await kernel.metadata.write(book.signing_key))
        self._service.key = self._proxy.key

    async def stop(self) -> None:
        """Close the connections to applications."""
        if self._proxy is not None:
            await self._proxy.close()

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """What the application's task calls, and what the page of an application calls."""
        one = self._service
        return [
            Endpoint("applications.register", one.register, r.RegisterRequest, writes=True),
            Endpoint("applications.open", one.open, r.OpenRequest, permission=book.VISITORS, writes=True),
            Endpoint("applications.get_all", one.get_all, Empty, permission=book.VISITORS),
        ]

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """Everything of an application; the ticket in the path says who asks, as its page has no cookies."""
        return [Route(Site.WEB, "*", "/apps/{task}/~{ticket}/{path:.*}", self._answer, PUBLIC)]

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The address of an application's page, which leads to the application."""
        return [Panel(PanelKind.PAGE, "application", "Application", enter, path="/apps/{task}/", permission=book.VISITORS)]

    @hookimpl
    def trackyard_task_listeners(self) -> list[TaskListener]:
        """The address of an application ends with its task."""
        return [self]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """Look for idle applications; each server tells what it was asked for."""
        return [
            Job("stop idle applications", LOOK_SECONDS, self.stop_idle, alone=False),
            Job("applications: forget deleted", DAY, forget_deleted),
        ]

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """A new run listens elsewhere."""
        book.forget_address(session, task)
        return []

    async def after_status(self, change: StatusChange) -> None:
        """Forget the address of what no longer runs."""
        if change.old == "in_progress" and change.new != "in_progress" and self._kernel is not None:
            await self._kernel.metadata.write(lambda session: book.forget_address(session, change.task))

    async def stop_idle(self, kernel: Kernel) -> None:
        """Note what was asked for, and stop what nobody has used for long."""
        if self._proxy is None:
            return
        if seen := self._proxy.visits.collected():
            await kernel.metadata.write(lambda session: book.note_seen(session, seen))
        if not self.settings.idle_minutes:
            return
        moment = clock.now() - timedelta(minutes=self.settings.idle_minutes)
        for task, company in await kernel.metadata.read(lambda session: book.idle_since(session, moment)):
            by = replace(SYSTEM, company=company)
            await kernel.call("tasks.stop", {"task": task, "status_reason": "nobody used the application"}, by)

    async def _answer(self, visit: Visit) -> Any:
        if self._proxy is None:
            raise ApiError(503, 0, "Applications are not ready")
        return await self._proxy.answer(visit)


async def forget_deleted(kernel: Kernel) -> None:
    """Remove what is kept of applications whose task was deleted."""
    await kernel.metadata.write(book.forget_deleted)


async def enter(page: Page) -> web.StreamResponse:
    """Lead to the application when it runs; else start it and ask again. A page of another site starts nothing."""
    task, waits = page.params["task"], "wait" in page.query
    is_own = page.request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    told = await page.call("applications.open", {"task": task, "start": is_own and not waits})
    path = page.url(f"/apps/{task}/")
    if told["state"] == RUNNING:
        headers = {"Location": f"{path}~{told['ticket']}/", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return web.Response(status=302, headers=headers)
    if told["state"] == STARTING:
        answer = problem_page(202, "The application starts. This page asks again every few seconds.")
        answer.headers["Refresh"] = f"3; url={path}?wait=1"
        return answer
    return problem_page(409, f"The application does not run: its task is {told['status']}. Open {path} to start it.")
