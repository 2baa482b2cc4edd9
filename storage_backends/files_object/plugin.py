"""Registers object stores: ``storage.files = "s3://bucket/prefix?endpoint=http://minio:9000"``, ``gs://…``, ``az://…``.

The query holds options of the client library (``endpoint``, ``region``…); credentials come from the environment as each
cloud's own tools take them (``AWS_ACCESS_KEY_ID``…) and do not belong in the URL.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from trackyard.core.contracts.files import FileBackend, FileStore, FileStoreError
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SECRET_OPTIONS = ("secret", "token", "password", "access_key")


class ObjectBackend:
    """Opens buckets."""

    schemes: tuple[str, ...] = ("s3", "s3a", "gs", "az", "abfs")

    async def open(self, url: str, data_dir: Path) -> FileStore:
        """Open the bucket; nothing is created."""
        from trackyard.storage_backends.files_object.store import ObjectFiles

        store = ObjectFiles(_client(url))
        await store.ready()
        return store


def _client(url: str) -> ObjectStore:
    """The client for a URL; options of its query go to the library."""
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise FileStoreError("files in an object store need the extra trackyard[object-store]") from error
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    secret = next((name for name in options if any(word in name for word in SECRET_OPTIONS)), None)
    if secret is not None:
        raise FileStoreError(f"the URL for files may not hold {secret}: give it in the environment")
    insecure = options.get("endpoint", "").startswith("http://")
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    try:
        return from_url(bare, config=options, client_options={"allow_http": insecure})  # type: ignore[call-overload, no-any-return]
    except Exception as error:  # the library has no common class for wrong options
        raise FileStoreError(f"the object store {bare} cannot be opened: {error}") from error


class FilesObjectPlugin(Plugin):
    """Files in an object store."""

    name = "files-object"
    summary = "Uploaded files in S3, Google Cloud Storage or Azure"

    @hookimpl
    def trackyard_file_backends(self) -> list[FileBackend]:
        """The schemes of the clouds."""
        return [ObjectBackend()]
