"""``trackyard events fsck``: reads every event and checks it, while no server runs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from trackyard.core.cli.command import Command
from trackyard.core.contracts.events import EventStoreError, Fault
from trackyard.core.server_settings import StorageSettings
from trackyard.core.settings import Settings
from trackyard.storage_backends.events_embedded.store import EmbeddedEventStore, path_of

__all__ = ["COMMAND"]


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what is wrong; 0 when nothing is."""
    url = settings.take("storage", StorageSettings).events
    if url.partition(":")[0] != "embedded":
        print(f"the events are not in an embedded store but in {url.partition(':')[0]}:", file=sys.stderr)
        return 2
    path = path_of(url, settings.data_dir)
    if not path.exists():
        print(f"there is no event store {path}", file=sys.stderr)
        return 2
    try:
        faults = asyncio.run(_check(path))
    except EventStoreError as error:
        print(f"{error}; stop the server first", file=sys.stderr)
        return 2
    for fault in faults:
        print(f"{fault.where}: {fault.what}")
    print(f"{path}: {len(faults)} faults" if faults else f"{path}: everything is well")
    return 1 if faults else 0


async def _check(path: Path) -> list[Fault]:
    store = await EmbeddedEventStore.open(path)
    try:
        return await store.fsck()
    finally:
        await store.close()


COMMAND = Command("events fsck", "Read every stored event and check it against its checksum (while no server runs)", run)
