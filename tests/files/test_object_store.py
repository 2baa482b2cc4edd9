"""Object stores pass the conformance suite of file stores: S3 as moto speaks it."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from trackyard.core.contracts.files import FileStore, FileStoreError
from trackyard.core.testing.file_store_suite import FileStoreSuite
from trackyard.storage_backends.files_object.plugin import ObjectBackend

BUCKET = "trackyard-files"


def started(log: Path) -> str:
    """The URL that the server says, once it does."""
    end = time.monotonic() + 120
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return found[0]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server with a bucket; a process of its own, as it keeps files open."""
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = started(log)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "x")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "y")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            client = boto3.client("s3", endpoint_url=url)
            client.create_bucket(Bucket=BUCKET)
            client.close()
            yield url
    finally:
        process.terminate()
        process.wait(120)


class TestObjectFiles(FileStoreSuite):
    examples = 5

    @pytest.fixture(autouse=True)
    def server(self, s3: str) -> None:
        self.url = s3

    async def open_store(self, folder: Path) -> FileStore:
        return await ObjectBackend().open(f"s3://{BUCKET}/{folder.name}?endpoint={self.url}", folder)


async def test_wrong_urls_are_explained(s3: str, tmp_path: Path) -> None:
    with pytest.raises(FileStoreError, match="may not hold secret_access_key"):
        await ObjectBackend().open(f"s3://{BUCKET}?secret_access_key=z", tmp_path)
    with pytest.raises(FileStoreError, match="cannot be opened"):
        await ObjectBackend().open(f"s3://{BUCKET}?no_such_option=z", tmp_path)
