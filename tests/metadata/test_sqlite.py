"""What is particular to SQLite: group commit, a killed process, a full disk, patterns."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.entities import TASK
from trackyard.core.errors import ApiError
from trackyard.core.identity import DEFAULT_COMPANY, Identity
from trackyard.core.testing.metadata_suite import count, put, value_of
from trackyard.storage_backends.metadata_sql.backend import SqliteBackend
from trackyard.storage_backends.metadata_sql.sqlite import SqliteStore

from tests.metadata.conftest import Opener

ME = Identity(user="me", name="Me")
WRITER = """
import asyncio, sys
from pathlib import Path
from trackyard.core.testing.metadata_suite import put
from trackyard.storage_backends.metadata_sql.backend import SqliteBackend

async def main():
    store = await SqliteBackend().open("sqlite:", Path(sys.argv[1]))
    async def write(number):
        while True:
            await store.write(put(f"k{number}", number))
            print(f"k{number}", flush=True)
            number += 8
    await asyncio.gather(*(write(number) for number in range(8)))

asyncio.run(main())
"""


async def opened_store(opener: Opener) -> SqliteStore:
    """The store with its own type."""
    opened = await opener()
    assert isinstance(opened, SqliteStore)
    return opened


async def test_waiting_units_share_a_commit(sqlite_opener: Opener) -> None:
    opened = await opened_store(sqlite_opener)
    gate, commits = threading.Event(), list[object]()
    event.listen(opened._write_engine, "commit", commits.append)
    first = asyncio.create_task(opened.write(lambda session: gate.wait(60)))
    await asyncio.sleep(0)
    others = [asyncio.create_task(opened.write(put(f"k{number}", number))) for number in range(200)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)
    assert await opened.read(count) == 200
    assert len(commits) <= 2
    await opened.close()


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait(60)
    process.stdout.close()
    told = [line.strip() for line in lines if line.endswith("\n")]
    assert len(told) >= 200
    assert asyncio.run(lost(tmp_path, told)) == []


async def lost(folder: Path, keys: list[str]) -> list[str]:
    """Those of the keys that the store in the folder does not hold."""
    opened = await SqliteBackend().open("sqlite:", folder)
    missing = [key for key in keys if await opened.read(value_of(key)) is None]
    await opened.close()
    return missing


async def test_a_full_disk_is_told_and_harms_nothing(sqlite_opener: Opener) -> None:
    opened = await opened_store(sqlite_opener)
    await opened.write(put("before", 1))

    def limit(pages: int) -> None:
        with opened._write_engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await asyncio.to_thread(limit, 1)
    outcomes = await asyncio.gather(
        *(opened.write(put(f"big{number}", "x" * 1_000_000)) for number in range(4)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 4
    assert "full" in str(outcomes[0])
    assert await opened.read(value_of("before")) == 1
    assert await opened.read(count) == 1
    await asyncio.to_thread(limit, 1_000_000)
    await opened.write(put("after", 1))
    assert await opened.read(count) == 2
    await opened.close()


async def test_patterns_are_told_by_the_protocols_error(sqlite_opener: Opener) -> None:
    opened = await opened_store(sqlite_opener)
    await opened.write(lambda session: store.insert(session, TASK, {"name": "x" * 500 + "!", "company": DEFAULT_COMPANY}))

    def ask(pattern: str, session: Session) -> int:
        return len(query.run(session, TASK, {"name": pattern}, ME).items)

    for pattern in ("^(x|xx)+$", "("):
        with pytest.raises(ApiError) as raised:
            await opened.read(lambda session, p=pattern: ask(p, session))  # type: ignore[misc]
        assert (raised.value.code, raised.value.subcode) == (400, 21)
    assert await opened.read(lambda session: ask("^x+!$", session)) == 1
    await opened.close()


async def test_a_scroll_is_kept_between_calls(sqlite_opener: Opener) -> None:
    opened = await opened_store(sqlite_opener)
    for number in range(3):
        document = {"name": f"t{number}", "company": DEFAULT_COMPANY}
        await opened.write(lambda session, d=document: store.insert(session, TASK, d))  # type: ignore[misc]
    body = {"scroll_id": None, "size": 2, "only_fields": ["name"]}
    first = await query.page(opened, TASK, body, ME)
    second = await query.page(opened, TASK, {**body, "scroll_id": first.scroll_id}, ME)
    assert [item["name"] for item in first.items + second.items] == ["t0", "t1", "t2"]
    assert second.scroll_id == first.scroll_id
    await opened.close()
