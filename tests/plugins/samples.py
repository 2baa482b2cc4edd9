"""Small plugins, one for each hook; the tests install them beside those that come with Trackyard."""

import argparse
import asyncio
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from prometheus_client.core import GaugeMetricFamily
from sqlmodel import Session
from trackyard.core.cli.command import Command
from trackyard.core.contracts.events import AppendResult, EventBatch
from trackyard.core.errors import ApiError
from trackyard.core.extension import FileRemover, Health, HealthCheck, Job, LoginMethod, LostFile, Puller, Removal, StatusChange
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import PUBLIC, USER, Identity
from trackyard.core.kernel import Kernel
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.routes import Route, Site, Visit
from trackyard.core.server_settings import StorageSettings
from trackyard.core.settings import Settings


class Name(msgspec.Struct):
    """Somebody's name."""

    name: str


async def greet(call: Call, request: Name) -> dict[str, str]:
    """A greeting, and who asked for it."""
    return {"greeting": f"hello {request.name}", "asked_by": call.identity.name}


GREET = Endpoint("samples.greet", greet, Name, permission=USER)


class EndpointSample(Plugin):
    """Adds an endpoint."""

    name = "endpoint_sample"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Name]]:
        """One endpoint."""
        return [GREET]


class DelegatingBackend:
    """A backend of its own scheme that opens a store of a backend that comes with Trackyard, and remembers that it did."""

    schemes = ("sample",)

    def __init__(self, hook: str, url: str) -> None:
        """``hook`` registers the real backend, ``url`` is what it opens."""
        self._hook = hook
        self._url = url
        self.opened: list[str] = []
        self._real: Any = None

    async def open(self, url: str, data_dir: Path) -> Any:
        """Open the real store."""
        self.opened.append(url)
        return await self._real.open(self._url, data_dir)

    def found(self) -> "DelegatingBackend":
        """This backend, once it has found the real one (which reads files)."""
        self._real = self._find()
        return self

    def _find(self) -> Any:
        for entry in entry_points(group="trackyard"):
            kind = entry.load()
            for backend in getattr(kind(kind.settings_type()), self._hook, list)() if hasattr(kind, self._hook) else ():
                if self._url.partition(":")[0] in backend.schemes:
                    return backend
        raise LookupError(self._url)


METADATA = DelegatingBackend("trackyard_metadata_backends", StorageSettings().metadata)
EVENTS = DelegatingBackend("trackyard_event_backends", StorageSettings().events)
FILES = DelegatingBackend("trackyard_file_backends", StorageSettings().files)


class BackendSample(Plugin):
    """Adds a backend of each kind."""

    name = "backend_sample"

    @hookimpl
    def trackyard_metadata_backends(self) -> list[DelegatingBackend]:
        """For documents."""
        return [METADATA.found()]

    @hookimpl
    def trackyard_event_backends(self) -> list[DelegatingBackend]:
        """For events."""
        return [EVENTS.found()]

    @hookimpl
    def trackyard_file_backends(self) -> list[DelegatingBackend]:
        """For files."""
        return [FILES.found()]


class SampleAuthenticator:
    """Believes everybody who says a name in the scheme ``Sample``."""

    scheme = "sample"

    async def authenticate(self, credential: str, remote: str) -> Identity:
        """The caller is who it says."""
        if credential == "nobody":
            raise ApiError(401, 22, "Unauthorized (nobody)")
        return Identity(user=credential, name=credential)


class LoginSample(Plugin):
    """Adds a scheme of authorization and a way to log in."""

    name = "login_sample"

    @hookimpl
    def trackyard_authenticators(self) -> list[SampleAuthenticator]:
        """One scheme."""
        return [SampleAuthenticator()]

    @hookimpl
    def trackyard_login_methods(self) -> list[LoginMethod]:
        """One way."""
        return [LoginMethod("sample", "Log in by saying your name", "/login/sample")]


class RefusingPolicy:
    """Refuses greetings of villains."""

    async def check(self, call: Call, endpoint: str) -> None:
        """Look at the name."""
        if endpoint == "samples.greet" and call.body.get("name") == "villain":
            raise ApiError(403, 20, "Villains are not greeted")


class PolicySample(Plugin):
    """Adds a policy."""

    name = "policy_sample"
    needs = ("endpoint_sample",)

    @hookimpl
    def trackyard_policies(self) -> list[RefusingPolicy]:
        """One policy."""
        return [RefusingPolicy()]


async def plain_route(visit: Visit) -> web.StreamResponse:
    """A plain answer."""
    return web.Response(text=f"plain answer to {visit.params['name']}")


async def sample_page(page: Page) -> web.StreamResponse:
    """A page without a template."""
    return web.Response(text=f"<p>A page for {page.identity.name}</p>", content_type="text/html")


class WebSample(Plugin):
    """Adds a plain route and a page."""

    name = "web_sample"

    @hookimpl
    def trackyard_routes(self) -> list[Route]:
        """One route that everybody may ask."""
        return [Route(Site.WEB, "GET", "/sample/{name}", plain_route, PUBLIC)]

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """One page."""
        return [Panel(PanelKind.PAGE, "sample", "Sample", sample_page, path="/sample-page", nav="main")]


class Listener:
    """Refuses a queue and remembers changes of status."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.heard: list[tuple[str, str]] = []

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """Refuse the tasks that the test named."""
        if task in REFUSED:
            raise ApiError(400, 100, "The sample refuses this task")
        return []

    async def after_status(self, change: StatusChange) -> None:
        """Remember the change."""
        self.heard.append((change.task, change.new))


class Observer:
    """Counts the events of every stored batch."""

    def __init__(self) -> None:
        """Nothing was stored yet."""
        self.counted: list[tuple[int, int]] = []

    async def after_append(self, batch: EventBatch, result: AppendResult) -> None:
        """Remember the size of the batch and what was added."""
        self.counted.append((len(batch), result.added))


REFUSED: set[str] = set()
LISTENER = Listener()
OBSERVER = Observer()


class ListeningSample(Plugin):
    """Hears of the life cycle and of events."""

    name = "listening_sample"

    @hookimpl
    def trackyard_task_listeners(self) -> list[Listener]:
        """One listener."""
        return [LISTENER]

    @hookimpl
    def trackyard_event_observers(self) -> list[Observer]:
        """One observer."""
        return [OBSERVER]


class RemoverSample(Plugin):
    """Removes the files of deleted tasks from a place of its own."""

    name = "remover_sample"
    schemes: tuple[str, ...] = ("sample",)

    def __init__(self, settings: object) -> None:
        super().__init__(settings)
        self.removed: list[str] = []

    @hookimpl
    def trackyard_file_removers(self) -> list[FileRemover]:
        """The plugin itself is the remover."""
        return [self]

    async def remove(self, file: LostFile) -> Removal:
        """Remember the URL."""
        self.removed.append(file.url)
        return Removal("done", size=1)


class LastFirst:
    """Gives out the task that came last."""

    active = True

    def eligible(self, session: Session, queue: str, tasks: list[str], puller: Puller) -> list[str]:
        """The tasks in the opposite order."""
        return tasks[::-1]


class SchedulerSample(Plugin):
    """Turns queues around."""

    name = "scheduler_sample"

    @hookimpl
    def trackyard_schedulers(self) -> list[LastFirst]:
        """One scheduler."""
        return [LastFirst()]


class JobSample(Plugin):
    """Adds recurring work."""

    name = "job_sample"
    runs: asyncio.Queue[str]

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """A job that says that it ran."""
        JobSample.runs = asyncio.Queue()
        return [Job("sample job", 0.05, self._run)]

    async def _run(self, kernel: Kernel) -> None:
        JobSample.runs.put_nowait(str(kernel.data_dir))


def say(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print what was asked for."""
    print(f"sample says {chosen.word} in {settings.data_dir.name}")
    return 0


def say_arguments(parser: argparse.ArgumentParser) -> None:
    """The word."""
    parser.add_argument("word", help="what to say")


class CommandSample(Plugin):
    """Adds a command."""

    name = "command_sample"

    @hookimpl
    def trackyard_commands(self) -> list[Command]:
        """One command of two words."""
        return [Command("sample say", "Say a word", say, say_arguments)]


async def unwell(kernel: Kernel) -> Health:
    """A part that is not well."""
    return Health(False, "the sample is not well")


class Gauge:
    """A collector with one number."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The number."""
        yield GaugeMetricFamily("sample_gauge", "A number of the sample", value=42)


class HealthSample(Plugin):
    """Adds a check of health that fails, and a metric."""

    name = "health_sample"

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """One check."""
        return [HealthCheck("sample", unwell, critical=True)]

    @hookimpl
    def trackyard_metrics(self) -> list[Gauge]:
        """One collector."""
        return [Gauge()]


class IdleRuntime:
    """A runtime that can be chosen by its name."""

    name = "idle"


class RuntimeSample(Plugin):
    """A task runtime."""

    name = "sample"

    @hookimpl
    def trackyard_task_runtimes(self) -> list[Any]:
        """One runtime."""
        return [IdleRuntime()]
