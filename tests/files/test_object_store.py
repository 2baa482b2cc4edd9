"""Object stores pass the conformance suite of file stores: S3 as moto speaks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from trackyard.core.contracts.files import FileStore, FileStoreError
from trackyard.core.testing.file_store_suite import FileStoreSuite
from trackyard.storage_backends.files_object.plugin import ObjectBackend

from tests.s3 import s3_server

BUCKET = "trackyard-files"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server with a bucket, and credentials in the environment."""
    with s3_server(tmp_path_factory.mktemp("s3"), BUCKET) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "y")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield url


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
