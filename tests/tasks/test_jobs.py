"""The work that goes on beside calls: the watchdog of silent tasks, and the removal of what deleted tasks leave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from trackyard.core import clock
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, LogQuery, LogRecord, Sample
from trackyard.core.contracts.files import FileStoreError
from trackyard.core.entities import FileDeletion, table_of
from trackyard.core.paths import storage_path
from trackyard.plugins.tasks.deletions import ATTEMPTS, check_deletions, own_paths, remove_deleted
from trackyard.plugins.tasks.watchdog import stop_silent_tasks

from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "http://files.example:8081"


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Data as a stream."""
    yield data


async def put(board: Board, path: str) -> str:
    """Store a file; its address as the SDK writes it down."""
    await board.kernel.files.put(storage_path(path), once(b"content"))
    return f"{HOST}/{path.replace(' ', '%20')}"


async def is_stored(board: Board, path: str) -> bool:
    """Whether the file is there."""
    return await board.kernel.files.stat(storage_path(path)) is not None


async def deletions(board: Board, task: str) -> dict[str, Any]:
    """The rows of the queue of deletions of one task, by address."""
    table = table_of(FileDeletion)
    rows = await board.kernel.metadata.read(lambda session: list(session.execute(select(table).where(table.c.task == task))))
    return {row.url: row for row in rows}


async def make_due(board: Board) -> None:
    """Let the pause before the next attempt be over."""
    table = table_of(FileDeletion)
    past = update(table).values(next_attempt=clock.now() - timedelta(seconds=1))
    await board.kernel.metadata.write(lambda session: session.execute(past).close())


async def artifact_task(board: Board, *urls: str, **fields: Any) -> str:
    """A draft with artifacts at these addresses."""
    task = await board.make(**fields)
    artifacts = [{"key": f"a{number}", "type": "dict", "uri": url} for number, url in enumerate(urls)]
    await board.call("add_or_update_artifacts", task=task, artifacts=artifacts)
    return task


async def test_the_watchdog_stops_silent_tasks(board: Board) -> None:
    """With the text that pipelines know; tasks that live or do not run stay."""
    silent, lively, queued = await board.make(), await board.make("in_progress"), await board.make("queued")
    await board.call("started", task=silent)
    for task, seconds in ((silent, 7300), (lively, 3600), (queued, 9999)):
        await board.age(task, seconds)
    await stop_silent_tasks(board.kernel)
    found = await board.read(silent)
    assert found["status"] == "stopped"
    assert found["status_reason"] == found["status_message"] == "Forced stop (non-responsive)"
    assert [await board.status(task) for task in (lively, queued)] == ["in_progress", "queued"]


async def test_files_of_a_deleted_task_are_removed(board: Board) -> None:
    """Artifacts, models, debug images and pictures in plots; then the events themselves."""
    task = await board.make(name="my task")
    folder = f"proj/my task.{task}"
    names = ("artifacts/a/f.pkl", "models/m.bin", "metrics/img/i_1.jpeg", "metrics/plot/p.png")
    paths = [f"{folder}/{name}" for name in names]
    artifact, model, image, picture = [await put(board, path) for path in paths]
    await board.call("add_or_update_artifacts", task=task, artifacts=[{"key": "a", "type": "dict", "uri": artifact}])
    await board.make_model(task=task, uri=model)
    samples = [
        Sample("training_debug_image", "img", "i", 1, 1000, text=image),
        Sample("plot", "plot", "p", 1, 1000, text=f'{{"layout": {{"images": [{{"source": "{picture}"}}]}}}}'),
    ]
    events = EntityEvents(Entity("task", task), samples=samples, logs=[LogRecord(1000, "info", "host", "hello")])
    await board.kernel.events.append(EventBatch([events]))
    await board.call("delete", task=task)
    assert await is_stored(board, paths[0])
    await remove_deleted(board.kernel)
    assert [await is_stored(board, path) for path in paths] == [False] * 4
    assert (await board.kernel.events.logs(LogQuery(Entity("task", task)))).records == []
    rows = (await deletions(board, task)).values()
    assert {row.status for row in rows} == {"done"}
    assert sum(row.size or 0 for row in rows) == 4 * len(b"content")


async def test_files_stay_if_asked(board: Board) -> None:
    """``delete_external_artifacts`` false."""
    task = await board.make()
    path = f"proj/kept.{task}/artifacts/a"
    await board.call(
        "add_or_update_artifacts", task=task, artifacts=[{"key": "a", "type": "dict", "uri": await put(board, path)}]
    )
    await board.call("delete", task=task, delete_external_artifacts=False)
    await remove_deleted(board.kernel)
    assert await is_stored(board, path)


async def test_files_of_others_are_not_touched(board: Board) -> None:
    """An address is only a text: it may name the files of another task, or lie elsewhere."""
    other = await board.make()
    path = f"proj/other.{other}/artifacts/a"
    foreign = [
        await put(board, path),
        "s3://bucket/a",
        "file:///etc/hostname",
        f"{HOST}/x/../{path}",
        f"{HOST}/proj/%00.{other}/a",
    ]
    task = await artifact_task(board, *foreign)
    await board.call("delete", task=task)
    await remove_deleted(board.kernel)
    assert await is_stored(board, path)
    rows = await deletions(board, task)
    assert {rows[url].status for url in foreign} == {"elsewhere"}
    assert "elsewhere" in (await check_deletions(board.kernel)).detail


async def test_a_file_that_is_gone_already(board: Board) -> None:
    """The SDK deletes files itself before it deletes the task."""
    task = await board.make()
    url = f"{HOST}/proj/gone.{task}/artifacts/a"
    await board.call("add_or_update_artifacts", task=task, artifacts=[{"key": "a", "type": "dict", "uri": url}])
    await board.call("delete", task=task)
    await remove_deleted(board.kernel)
    assert (await deletions(board, task))[url].status == "done"


async def test_a_file_of_the_next_run_stays(board: Board) -> None:
    """A reset task writes to the same places again, maybe before the job comes."""
    task = await board.make()
    old, new = f"proj/t.{task}/artifacts/old", f"proj/t.{task}/artifacts/new"
    artifacts = [{"key": path[-3:], "type": "dict", "uri": await put(board, path)} for path in (old, new)]
    await board.call("add_or_update_artifacts", task=task, artifacts=artifacts)
    await board.call("reset", task=task)
    table = table_of(FileDeletion)
    earlier = update(table).where(table.c.url.endswith("new")).values(created=clock.now() - timedelta(hours=1))
    await board.kernel.metadata.write(lambda session: session.execute(earlier).close())
    await remove_deleted(board.kernel)
    assert [await is_stored(board, path) for path in (old, new)] == [False, True]


async def test_a_failure_is_tried_again_and_then_told(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """With growing pauses; in the end the health page says so."""
    task = await board.make()
    path = f"proj/stuck.{task}/artifacts/a"
    url = await put(board, path)
    await board.call("add_or_update_artifacts", task=task, artifacts=[{"key": "a", "type": "dict", "uri": url}])
    await board.call("delete", task=task)

    async def fail(_: object) -> bool:
        raise FileStoreError("the disk is tired")

    monkeypatch.setattr(board.kernel.files, "delete", fail)
    pauses = []
    for attempt in range(1, ATTEMPTS + 1):
        await make_due(board)
        await remove_deleted(board.kernel)
        row = (await deletions(board, task))[url]
        assert (row.attempts, row.error) == (attempt, "FileStoreError: the disk is tired")
        pauses.append(row.next_attempt - clock.now())
        assert row.status == ("failed" if attempt == ATTEMPTS else "waiting")
    assert pauses[: ATTEMPTS - 1] == sorted(pauses[: ATTEMPTS - 1])
    health = await check_deletions(board.kernel)
    assert not health.ok
    assert "1 failed" in health.detail
    assert await is_stored(board, path)


async def test_what_is_finished_is_forgotten_after_a_month(board: Board) -> None:
    """Failures stay."""
    task = await artifact_task(board, "s3://bucket/old", f"{HOST}/not/there")
    await board.call("delete", task=task)
    await remove_deleted(board.kernel)
    assert len(await deletions(board, task)) == 3
    table = table_of(FileDeletion)
    old = update(table).where(table.c.task == task).values(created=clock.now() - timedelta(days=31))
    failed = update(table).where(table.c.task == task, table.c.url == "s3://bucket/old").values(status="failed")
    for change in (old, failed):
        await board.kernel.metadata.write(lambda session, change=change: session.execute(change).close())
    await remove_deleted(board.kernel)
    assert list(await deletions(board, task)) == ["s3://bucket/old"]


@pytest.mark.parametrize(
    ("url", "paths"),
    [
        ("http://h:8081/p/n.tid/a%20b", ["p/n.tid/a b"]),
        ("https://h/prefix/files/p/n.tid/a", ["prefix/files/p/n.tid/a", "p/n.tid/a"]),
        ("http://h/p/n.tid/a?download=1", ["p/n.tid/a"]),
        ("http://h/p/n.tid", []),
        ("http://h/p/n.tidy/a", []),
        ("http://h/../n.tid/a", []),
        ("http://h/%2e%2e/n.tid/a", []),
        ("http://h/n.tid/%ff", []),
        ("ftp://h/n.tid/a", []),
        ("n.tid/a", []),
    ],
)
async def test_which_paths_are_a_tasks_own(url: str, paths: list[str]) -> None:
    """A folder that ends in the task's id, anywhere below the root."""
    assert own_paths(url, "tid") == paths
    assert own_paths(url, None) == []
