"""Files of deleted tasks in object storage: removed from configured buckets, with the credentials of the settings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import select, update
from trackyard.core import clock
from trackyard.core.contracts.events import Entity, EntityEvents, EventBatch, Sample
from trackyard.core.entities import FileDeletion, table_of
from trackyard.core.settings import HIDDEN, shown_value
from trackyard.core.testing.kernel import running_kernel
from trackyard.plugins.storage import removal
from trackyard.plugins.storage.buckets import find_place
from trackyard.plugins.tasks.deletions import check_deletions, remove_deleted

from tests.s3 import s3_client, s3_server
from tests.tasks.board import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCS = Path(__file__).parents[2] / "docs"
BUCKET, OTHER, FILED = "trackyard-data", "nobodys-data", "bucket-of-the-file"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server."""
    with s3_server(tmp_path_factory.mktemp("s3"), BUCKET, OTHER, FILED) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(s3: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Board]:
    """A kernel whose ``plugins.toml`` names one bucket."""
    place = f'{{ bucket = "{FILED}", host = "{host(s3)}", key = "x", secret = {{ env = "S3_SECRET" }}, secure = false }}'
    config = f"[object_storage]\naws = [{place}]\n"
    async with running_kernel(tmp_path_factory.mktemp("kernel"), config, environ={"S3_SECRET": "y"}) as kernel:
        yield Board(kernel)


def host(url: str) -> str:
    """Host and port."""
    return url.removeprefix("http://")


async def configure(board: Board, s3: str, **bucket: Any) -> None:
    """An administrator names a bucket."""
    place = {"bucket": BUCKET, "host": host(s3), "key": "x", "secret": "y", "secure": False, **bucket}
    await board.call("storage.set_settings", aws={"buckets": [place]})


async def put(s3: str, bucket: str, *keys: str) -> list[str]:
    """Store objects; their URLs as the SDK writes them."""

    def work() -> None:
        client = s3_client(s3)
        for key in keys:
            client.put_object(Bucket=bucket, Key=key, Body=b"content")
        client.close()

    await asyncio.to_thread(work)
    return [f"s3://{host(s3)}/{bucket}/{key}" for key in keys]


async def stored(s3: str, bucket: str) -> set[str]:
    """The keys in a bucket."""

    def work() -> set[str]:
        client = s3_client(s3)
        found = client.list_objects_v2(Bucket=bucket)
        client.close()
        return {item["Key"] for item in found.get("Contents", [])}

    return await asyncio.to_thread(work)


async def deleted_task(board: Board, task: str, urls: list[str]) -> None:
    """Name artifacts at the URLs and delete the task."""
    artifacts = [{"key": f"a{number}", "type": "dict", "uri": url} for number, url in enumerate(urls)]
    await board.call("add_or_update_artifacts", task=task, artifacts=artifacts)
    await board.call("delete", task=task)


async def outcomes(board: Board, task: str) -> dict[str, Any]:
    """The rows of the queue of deletions for objects, by URL."""
    table = table_of(FileDeletion)
    rows = await board.kernel.metadata.read(lambda session: list(session.execute(select(table).where(table.c.task == task))))
    return {row.url: row for row in rows if "://" in row.url}


async def test_objects_of_a_deleted_task_are_removed(board: Board, s3: str) -> None:
    """Artifacts, models and debug images, whatever stands in their names."""
    await configure(board, s3)
    task = await board.make(name="my task")
    folder = f"pro ject/my task.{task}"
    names = ("artifacts/a b/f.pkl", "artifacts/100% of #1?x=+.bin", "models/ü.bin", "metrics/i.jpeg", "metrics/p.png")
    urls = await put(s3, BUCKET, *(f"{folder}/{name}" for name in names), f"{folder}/not named")
    *artifacts, model, image, picture, _ = urls
    await board.make_model(task=task, uri=model)
    samples = [
        Sample("training_debug_image", "img", "i", 1, 1000, text=image),
        Sample("plot", "plot", "p", 1, 1000, text=json.dumps({"layout": {"images": [{"source": picture}]}})),
    ]
    await board.kernel.events.append(EventBatch([EntityEvents(Entity("task", task), samples=samples)]))
    await deleted_task(board, task, artifacts)
    await remove_deleted(board.kernel)
    assert await stored(s3, BUCKET) == {f"{folder}/not named"}
    found = await outcomes(board, task)
    assert {(row.status, row.error, row.size) for row in found.values()} == {("done", None, 7)}
    assert set(found) == set(urls[:-1])


async def test_only_own_objects_in_configured_buckets_are_removed(board: Board, s3: str) -> None:
    """Not those of another task, of another bucket or folder, nor at another server."""
    await configure(board, s3, subdir="kept/for us")
    other, task = await board.make(), await board.make()
    inside, outside = f"kept/for us/p/t.{task}/a", f"kept/for usual/t.{task}/a"
    foreign = f"kept/for us/p/other.{other}/a"
    (mine,) = await put(s3, BUCKET, inside)
    urls = [*await put(s3, BUCKET, outside, foreign), *await put(s3, OTHER, inside)]
    urls += [
        f"s3://{BUCKET}/{inside}",
        f"s3://127.0.0.1:1/{BUCKET}/{inside}",
        f"s3://{host(s3)}/{BUCKET}/kept/for us/t.{task}/../{foreign}",
        f"s3://{host(s3)}.{task}/{BUCKET}/kept/for us/p/a",
        f"gs://{BUCKET}/{inside}",
        f"azure://{BUCKET}.blob.core.windows.net/c/{inside}",
        f"ftp://{host(s3)}/{BUCKET}/{inside}",
        f"file:///t.{task}/a",
    ]
    before = await stored(s3, BUCKET)
    await deleted_task(board, task, [mine, *urls])
    await remove_deleted(board.kernel)
    assert await stored(s3, BUCKET) == before - {inside}
    assert await stored(s3, OTHER) == {inside}
    found = await outcomes(board, task)
    assert found[mine].status == "done"
    assert {url: found[url].status for url in urls} == dict.fromkeys(urls, "elsewhere")


async def test_a_bucket_of_the_file_is_one_of_the_settings(board: Board, s3: str) -> None:
    """Its secret comes from the environment, and is shown nowhere."""
    await board.call("storage.reset_settings", keys=["aws"])
    task = await board.make()
    urls = await put(s3, FILED, f"t.{task}/a")
    await deleted_task(board, task, urls)
    await remove_deleted(board.kernel)
    assert await stored(s3, FILED) == set()
    assert FILED not in str(await board.call("storage.get_settings"))


async def test_what_could_not_be_removed_is_tried_again_with_new_settings(board: Board, s3: str) -> None:
    """Without credentials nothing is tried; a wrong bucket is a failure that is told."""
    await board.call("storage.reset_settings", keys=["aws"])
    task = await board.make()
    (url,) = await put(s3, BUCKET, f"t.{task}/a")
    missing = f"s3://{host(s3)}/no-such-bucket/t.{task}/a"
    await deleted_task(board, task, [url, missing])
    await remove_deleted(board.kernel)
    assert {row.status for row in (await outcomes(board, task)).values()} == {"elsewhere"}
    place = {"bucket": BUCKET, "host": host(s3), "secure": False}
    await board.call("storage.set_settings", aws={"buckets": [place]})
    await remove_deleted(board.kernel)
    row = (await outcomes(board, task))[url]
    assert (row.status, row.error) == ("elsewhere", "the storage settings hold no credentials for the bucket; it was not deleted")
    await board.call("storage.set_settings", aws={"key": "x", "secret": "y", "buckets": [place]})
    await remove_deleted(board.kernel)
    assert (await outcomes(board, task))[url].status == "done"
    assert f"t.{task}/a" not in await stored(s3, BUCKET)


async def test_a_server_that_does_not_answer_is_tried_again_later(
    board: Board, s3: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The row says why, and no secret is told."""
    task = await board.make()
    await configure(board, s3, host="127.0.0.1:1", secret="the secret text")
    url = f"s3://127.0.0.1:1/{BUCKET}/t.{task}/a"
    await deleted_task(board, task, [url])
    await remove_deleted(board.kernel)
    row = (await outcomes(board, task))[url]
    assert (row.status, row.attempts) == ("waiting", 1)
    assert row.next_attempt > clock.now()
    assert row.error.startswith("FileStoreError: ")
    assert "the secret text" not in row.error + caplog.text
    assert "waiting" in (await check_deletions(board.kernel)).detail


async def test_an_object_of_the_next_run_stays(board: Board, s3: str) -> None:
    """The task was reset, and stored to the same place again before the job came."""
    await configure(board, s3)
    task = await board.make()
    urls = await put(s3, BUCKET, f"t.{task}/old", f"t.{task}/new")
    artifacts = [{"key": url[-3:], "type": "dict", "uri": url} for url in urls]
    await board.call("add_or_update_artifacts", task=task, artifacts=artifacts)
    await board.call("reset", task=task)
    table, hour = table_of(FileDeletion), timedelta(hours=1)
    for end, moment in (("new", clock.now() - hour), ("old", clock.now() + hour)):
        change = update(table).where(table.c.url.endswith(end), table.c.task == task).values(created=moment)
        await board.kernel.metadata.write(lambda session, change=change: session.execute(change).close())
    await remove_deleted(board.kernel)
    found = await stored(s3, BUCKET)
    assert (f"t.{task}/old" in found, f"t.{task}/new" in found) == (False, True)


async def test_objects_of_google_cloud_storage(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a server that speaks enough of its protocol, without TLS."""
    options = removal.OPTIONS["gs"]
    monkeypatch.setitem(removal.OPTIONS, "gs", lambda given: (options(given)[0], {"allow_http": True}))
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path))
        headers = {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT", "ETag": '"e"', "Content-Length": "7"}
        return web.Response(headers=headers if request.method == "HEAD" else None)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        account = {"gcs_base_url": f"http://127.0.0.1:{runner.addresses[0][1]}", "disable_oauth": True}
        account |= {"client_email": "", "private_key": "", "private_key_id": ""}
        buckets = [{"bucket": "goods", "credentials_json": json.dumps(account)}]
        await board.call("storage.set_settings", google={"buckets": buckets})
        task = await board.make()
        await deleted_task(board, task, [f"gs://goods/p/t.{task}/a", f"gs://bads/p/t.{task}/a"])
        await remove_deleted(board.kernel)
    finally:
        await runner.cleanup()
    assert [row.status for _, row in sorted((await outcomes(board, task)).items())] == ["elsewhere", "done"]
    assert asked == [("HEAD", f"/goods/p/t.{task}/a"), ("DELETE", f"/goods/p/t.{task}/a")]


async def test_a_container_of_azure_is_found_and_opened() -> None:
    """By its account and its name."""
    item = {"account_name": "Ours", "account_key": "c2VjcmV0", "container_name": "goods"}
    settings = {"azure": {"containers": [item]}}
    place = find_place("azure://ours.blob.core.windows.net/goods/p/t.x/a b", settings)
    assert place is not None
    assert (place.bucket, place.path) == ("goods", "p/t.x/a b")
    opened: Any = await asyncio.to_thread(removal.open_bucket, place)
    assert opened.config["container_name"] == "goods"
    for url in ("azure://theirs.blob.core.windows.net/goods/a", "azure://ours.blob.core.windows.net/bads/a"):
        assert find_place(url, settings) is None


async def test_the_secrets_of_the_file_are_hidden(board: Board) -> None:
    """Also where settings are explained."""
    explained = board.kernel.settings.explained()["object_storage.aws"]
    (shown,) = shown_value("object_storage.aws", explained.value)
    assert (shown["bucket"], shown["key"], shown["secret"]) == (FILED, HIDDEN, HIDDEN)
    account = {"credentials_json": "the text", "bucket": "goods"}
    assert shown_value("object_storage.google", [account]) == [{"credentials_json": HIDDEN, "bucket": "goods"}]
