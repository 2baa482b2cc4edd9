"""Removes the objects of deleted tasks from buckets that an administrator configured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from trackyard.core.contracts.files import FileStoreError
from trackyard.core.extension import LostFile, Removal
from trackyard.core.store import Document
from trackyard.plugins.storage.buckets import Place, find_place

if TYPE_CHECKING:
    from obstore.store import ObjectStore

UNKNOWN = Removal("elsewhere", "not in a bucket of the storage settings; it was not deleted")
NO_ACCESS = Removal("elsewhere", "the storage settings hold no credentials for the bucket; it was not deleted")
RETRIES: Document = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
"""The queue of deletions tries again by itself."""
TIMEOUTS: Document = {"connect_timeout": timedelta(seconds=10), "timeout": timedelta(seconds=60)}


class ObjectRemover:
    """Removes objects of S3 and what speaks its protocol, Google Cloud Storage and Azure Blob Storage."""

    schemes: tuple[str, ...] = ("s3", "gs", "azure")

    def __init__(self, settings_of: Callable[[str], Awaitable[Document]]) -> None:
        """``settings_of`` gives a company's storage settings with their secrets in clear."""
        self._settings_of = settings_of

    async def remove(self, file: LostFile) -> Removal:
        """See `FileRemover`; raises `FileStoreError`."""
        place = find_place(file.url, await self._settings_of(file.company))
        if place is None:
            return UNKNOWN
        if not has_access(place):
            return NO_ACCESS
        client = await asyncio.to_thread(open_bucket, place)
        return await _remove(client, place, file)


def has_access(place: Place) -> bool:
    """Whether the settings say how the bucket is reached."""
    given = place.settings
    needed = {"s3": ("key", "secret"), "gs": ("credentials_json",), "azure": ("account_key",)}[place.scheme]
    return all(given.get(name) for name in needed) or bool(given.get("use_credentials_chain"))


async def _remove(client: ObjectStore, place: Place, file: LostFile) -> Removal:
    from obstore.exceptions import BaseError

    try:
        try:
            found = await client.head_async(place.path)
        except FileNotFoundError:
            return Removal("done", "there is no such object")
        if file.is_of_next_run(found["last_modified"].timestamp()):
            return Removal("done", "stored again since; it stays")
        await client.delete_async(place.path)
    except BaseError as error:
        raise FileStoreError(str(error).splitlines()[0]) from error
    return Removal("done", size=found["size"])


def open_bucket(place: Place) -> ObjectStore:
    """A client for the bucket; nothing is asked yet. Reads certificates: call it in a thread. Raises `FileStoreError`."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise FileStoreError("objects are deleted with the extra trackyard[object-store]") from error
    kind: Any = {"s3": S3Store, "gs": GCSStore, "azure": AzureStore}[place.scheme]
    options, client = OPTIONS[place.scheme](place.settings)
    try:
        store: ObjectStore = kind(
            place.bucket,
            config={name: value for name, value in options.items() if value},
            client_options={**TIMEOUTS, **client},
            retry_config=RETRIES,
        )
    except (BaseError, ValueError) as error:
        raise FileStoreError(f"the settings of the bucket {place.bucket} are wrong: {str(error).splitlines()[0]}") from None
    return store


def _s3_options(given: Document) -> tuple[Document, Document]:
    options = {"region": given.get("region") or "us-east-1"}
    if not given.get("use_credentials_chain"):
        options |= {"access_key_id": given["key"], "secret_access_key": given["secret"], "session_token": given.get("token")}
    insecure = given.get("secure") is False
    if given.get("host"):
        options["endpoint"] = f"{'http' if insecure else 'https'}://{given['host']}"
    return options, {"allow_http": insecure, "allow_invalid_certificates": given.get("verify") is False}


def _google_options(given: Document) -> tuple[Document, Document]:
    return {"service_account_key": given["credentials_json"]}, {}


def _azure_options(given: Document) -> tuple[Document, Document]:
    return {"account_name": given["account_name"], "account_key": given["account_key"]}, {}


OPTIONS: dict[str, Callable[[Document], tuple[Document, Document]]] = {
    "s3": _s3_options,
    "gs": _google_options,
    "azure": _azure_options,
}
"""What the client library is told of a bucket: its options, and those of its HTTP client."""
