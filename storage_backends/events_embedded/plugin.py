"""Registers the embedded event store: ``storage.events = "embedded:"`` or ``"embedded:///srv/events.db"``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from trackyard.core.cli.command import Command
from trackyard.core.contracts.events import EventBackend, EventStoreError
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.storage_backends.events_embedded.command import COMMAND
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore, path_of


class EmbeddedBackend:
    """Opens the store's file; without a path it is ``events.db`` in the data directory."""

    schemes: tuple[str, ...] = ("embedded",)

    async def open(self, url: str, data_dir: Path) -> EmbeddedEventStore:
        """Open or create the store."""
        file = path_of(url, data_dir)
        try:
            await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise EventStoreError(f"the folder of the event store {file} can't be used: {error.strerror}") from None
        return await EmbeddedEventStore.open(file)


class EventsEmbeddedPlugin(Plugin):
    """Events in one file."""

    name = "events-embedded"
    summary = "Scalars, logs, plots, samples and statistics in one file, without a server"

    @hookimpl
    def trackyard_event_backends(self) -> list[EventBackend]:
        """The scheme ``embedded:``."""
        return [EmbeddedBackend()]

    @hookimpl
    def trackyard_commands(self) -> list[Command]:
        """The check of the file."""
        return [COMMAND]
