"""Object stores pass the conformance suite of file stores: S3 as moto speaks it."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from trackyard.core.contracts.files import FileStore, FileStoreError
from trackyard.core.testing.file_store_suite import FileStoreSuite
from trackyard.storage_backends.files_object.plugin import ObjectBackend

BUCKET = "trackyard-files"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of an S3 server with a bucket; a process of its own, as it keeps files open."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        url = next(found[0] for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        reader.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "x")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "y")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            client = boto3.client("s3", endpoint_url=url)
            client.create_bucket(Bucket=BUCKET)
            client.close()
            yield url
        process.terminate()
        reader.join()


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
