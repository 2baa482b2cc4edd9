"""The running system: settings, plugins, stores and endpoints, handed to everybody who needs them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from aiohttp import web
from trackyard.core.authentication import Authentication
from trackyard.core.contracts.events import EventStore
from trackyard.core.contracts.files import FileStore
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.errors import ApiError
from trackyard.core.extension import Health, HealthCheck, Policy
from trackyard.core.identity import Identity
from trackyard.core.panels import Panel, PanelKind
from trackyard.core.plugins import PluginManager
from trackyard.core.protocol.dispatch import Dispatcher
from trackyard.core.protocol.endpoint import Registry
from trackyard.core.protocol.version import NEWEST, Version
from trackyard.core.server_settings import ServerSettings, StorageSettings
from trackyard.core.settings import Settings, SettingsError

log = logging.getLogger(__name__)


@dataclass
class Kernel:
    """The system between `open_kernel` and `close`. Handlers reach the stores and each other through it."""

    settings: Settings
    server: ServerSettings
    storage: StorageSettings
    data_dir: Path
    plugins: PluginManager
    metadata: MetadataStore = field(init=False)
    events: EventStore = field(init=False)
    files: FileStore = field(init=False)
    endpoints: Registry = field(init=False)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what needs no store."""
        self._background: set[asyncio.Task[Any]] = set()
        self._opened: list[MetadataStore | EventStore | FileStore] = []
        self.dispatcher = Dispatcher(self)
        self.authentication = Authentication(self)

    async def open(self) -> None:
        """Open the stores, start the plugins, and collect the endpoints."""
        await self.open_metadata()
        self.events = await self._open_store("event", self.storage.events)
        self.files = await self._open_store("file", self.storage.files)
        await self.plugins.start(self)
        # what a plugin registered is withdrawn when its start fails
        self.endpoints = Registry(self.plugins.provided("endpoints"))

    async def open_metadata(self) -> None:
        """Open the store of documents only, for commands that need no running server: no plugin is started."""
        self.metadata = await self._open_store("metadata", self.storage.metadata)
        self.endpoints = Registry(self.plugins.provided("endpoints"))

    async def close(self) -> None:
        """Stop the plugins, end the background tasks and close the stores; safe after a failed `open`."""
        await self.plugins.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for store in reversed(self._opened):
            await store.close()
        self._opened.clear()

    async def call(self, name: str, body: dict[str, Any], identity: Identity, version: Version = NEWEST) -> Any:
        """The ``data`` of an endpoint, called in the process as ``identity``; raises `ApiError`."""
        return await self.dispatcher.call(name, body, identity, version)

    async def permit(self, name: str, identity: Identity) -> None:
        """Raise `ApiError` when ``identity`` may not call an endpoint; for handlers that do its work in their own unit."""
        await self.dispatcher.permit(name, identity)

    async def identify(self, request: web.Request, *, navigable: bool = False) -> Identity:
        """Who sent the request; raises `ApiError` 401 without valid credentials (see `Authentication.identify`)."""
        return await self.authentication.identify(request, navigable=navigable)

    def remote_address(self, request: web.Request) -> str:
        """The client's address; a trusted proxy's word is taken for it."""
        peer = request.remote or ""
        if peer in self.server.trusted_proxies:
            forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
            return forwarded or request.headers.get("X-Real-IP", peer)
        return peer

    def policies(self) -> list[Policy]:
        """The policies in order; raises `ApiError` 500 while a plugin that has policies failed: it fails closed."""
        broken = [record.name for record in self.plugins.failed() if record.kind and hasattr(record.kind, "trackyard_policies")]
        if broken:
            raise ApiError(500, 1, "Calls are refused because a policy failed; see the plugins page", plugins=", ".join(broken))
        return self.plugins.provided("policies")

    def panels(self, kind: PanelKind) -> list[Panel]:
        """The panels of a kind, in order."""
        found = [panel for panel in self.plugins.provided("panels") if panel.kind is kind]
        return sorted(found, key=lambda panel: (panel.order, panel.title))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` in the background until it ends or the server stops; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._forget)
        return task

    async def health(self) -> dict[str, tuple[Health, bool]]:
        """The state of every part by name, and whether it is critical."""
        checks: list[HealthCheck] = self.plugins.provided("health_checks")
        results = await asyncio.gather(*(_checked(check, self) for check in checks))
        found = {check.name: (health, check.critical) for check, health in zip(checks, results, strict=True)}
        try:
            self.policies()
        except ApiError as error:
            found["policies"] = (Health(False, error.message), True)
        return found

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background task %s failed", task.get_name(), exc_info=task.exception())

    async def _open_store(self, kind: str, url: str) -> Any:
        backends = {scheme: backend for backend in self.plugins.provided(f"{kind}_backends") for scheme in backend.schemes}
        scheme = url.partition(":")[0]
        key = {"metadata": "metadata", "event": "events", "file": "files"}[kind]
        if scheme not in backends:
            known = ", ".join(sorted(backends)) or "none: no plugin offers a backend"
            raise SettingsError(
                self.settings.explain(f"storage.{key}").source, f"storage.{key}", repr(url), f"a URL of scheme {known}"
            )
        store = await backends[scheme].open(url, self.data_dir)
        self._opened.append(store)
        return store


async def _checked(check: HealthCheck, kernel: Kernel) -> Health:
    try:
        return await asyncio.wait_for(check.check(kernel), 5.0)
    except Exception as error:
        log.warning("health check %s failed", check.name, exc_info=True)
        return Health(False, f"{type(error).__name__}: {error}")


def load_kernel(settings: Settings, entries: Iterable[EntryPoint] | None = None) -> Kernel:
    """The system with its plugins loaded and configured, nothing opened yet; raises `SettingsError`, `PluginFailure`.

    ``entries`` are the plugins to load, by default all that are installed.
    """
    server = settings.take("server", ServerSettings)
    storage = settings.take("storage", StorageSettings)
    plugins = PluginManager(settings, entries)
    plugins.load()
    return Kernel(settings, server, storage, settings.data_dir, plugins)
