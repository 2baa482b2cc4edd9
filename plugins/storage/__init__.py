"""Access to object storage that administrators keep on the server."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from sqlmodel import Session
from trackyard.core import clock, store
from trackyard.core.entities import StorageSettings
from trackyard.core.extension import FileRemover
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ADMIN
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.replies import Updated
from trackyard.core.protocol.requests import Request
from trackyard.core.store import Document
from trackyard.plugins.storage.removal import ObjectRemover
from trackyard.plugins.storage.requests import ResetRequest, SetRequest
from trackyard.plugins.storage.settings import ObjectStorageSettings, with_file
from trackyard.plugins.storage.vault import Vault, mask, read_key, unmask

EMPTY: dict[str, Document] = {"aws": {"buckets": []}, "google": {"buckets": []}, "azure": {"containers": []}}


class StoragePlugin(Plugin):
    """The service ``storage``."""

    name = "storage"
    summary = "Access to object storage that administrators keep on the server"
    table = "object_storage"
    settings_type = ObjectStorageSettings
    settings: ObjectStorageSettings
    _vault: Vault

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            Endpoint("storage.get_settings", self.get_settings, Request),
            Endpoint("storage.set_settings", self.set_settings, SetRequest, permission=ADMIN, writes=True, reply=Updated),
            Endpoint("storage.reset_settings", self.reset_settings, ResetRequest, permission=ADMIN, writes=True, reply=Updated),
        ]

    @hookimpl
    def trackyard_file_removers(self) -> list[FileRemover]:
        """Objects of deleted tasks go from the buckets that are set."""
        return [ObjectRemover(self.clear_settings)]

    async def start(self, kernel: Kernel) -> None:
        """Read the key that secrets are encrypted with."""
        self._vault = Vault(await asyncio.to_thread(read_key, kernel.data_dir))
        self._metadata = kernel.metadata

    async def clear_settings(self, company: str) -> Document:
        """The settings with their secrets in clear: those that were set, then those of ``plugins.toml``."""

        def work(session: Session) -> Document:
            found = session.get(StorageSettings, company)
            return {name: {**empty, **self._vault.open(_of(found, name))} for name, empty in EMPTY.items()}

        return with_file(await self._metadata.read(work), self.settings)

    async def get_settings(self, call: Call, request: Request) -> Document:
        """Read the settings; a mask stands for every secret."""

        def work(session: Session) -> Document:
            found = session.get(StorageSettings, call.identity.company)
            settings = {name: {**empty, **mask(_of(found, name))} for name, empty in EMPTY.items()}
            return settings if found is None else {**settings, "last_update": found.last_update}

        return {"settings": await call.metadata.read(work)}

    async def set_settings(self, call: Call, request: SetRequest) -> Document:
        """Replace the settings of some services; a mask leaves the secret in its place as it is."""
        given = {name: _plain(value) for name in EMPTY if (value := getattr(request, name)) is not None}

        def work(session: Session) -> Document:
            found = session.get(StorageSettings, call.identity.company)
            new = {name: self._vault.seal(unmask(value, self._vault.open(_of(found, name)))) for name, value in given.items()}
            # deletions that had no access, or a wrong key, go through now
            store.retry_deletions(session, call.identity.company, ObjectRemover.schemes)
            return _store(session, call.identity.company, {**(found.settings if found else {}), **new}, changed=bool(new))

        return await call.metadata.write(work)

    async def reset_settings(self, call: Call, request: ResetRequest) -> Document:
        """Forget the settings of some services."""

        def work(session: Session) -> Document:
            found = session.get(StorageSettings, call.identity.company)
            old = found.settings if found else {}
            kept = {name: value for name, value in old.items() if name not in request.keys}
            return _store(session, call.identity.company, kept, changed=kept != old)

        return await call.metadata.write(work)


def _of(found: StorageSettings | None, name: str) -> Document:
    settings: Document = found.settings.get(name, {}) if found else {}
    return settings


def _plain(request: Request) -> Document:
    """The fields that were given, as they are kept."""
    found: Document = msgspec.to_builtins(request)
    return _without_nulls(found)


def _without_nulls(settings: Document) -> Document:
    return {
        name: [_without_nulls(item) for item in value] if isinstance(value, list) else value
        for name, value in settings.items()
        if value is not None
    }


def _store(session: Session, company: str, settings: Document, *, changed: bool) -> Document:
    if changed:
        session.merge(StorageSettings(company=company, settings=settings, last_update=clock.now()))
    return {"updated": int(changed)}
