"""Which configured bucket the URL of an object lies in. A bucket that no administrator named is nobody's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trackyard.core.paths import PathError, StoragePath, storage_path
from trackyard.core.store import Document

AZURE_HOST = ".blob.core.windows.net"


@dataclass(frozen=True)
class Place:
    """An object: its ``path`` in a ``bucket`` (or container), and the settings of that bucket."""

    scheme: str
    bucket: str
    path: StoragePath
    settings: Document


def find_place(url: str, settings: Document) -> Place | None:
    """Where an object lies, by the storage settings with their secrets in clear; None outside all buckets of them.

    ``url`` is as the SDK writes it, nothing is quoted: ``s3://bucket/path``, ``s3://host:port/bucket/path``,
    ``gs://bucket/path``, ``azure://account.blob.core.windows.net/container/path``.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    places = {"s3": _on_s3, "gs": _on_google, "azure": _on_azure}[scheme](host, path, settings)
    return next((place for place in places if place is not None), None)


def _on_s3(host: str, path: str, settings: Document) -> Iterator[Place | None]:
    aws = settings["aws"]
    for item in _narrow_first(aws["buckets"]):
        own_host = item.get("host") or ""
        if own_host and own_host.lower() != host.lower():
            continue
        bucket, _, inside = path.partition("/") if own_host else (host, "", path)
        yield _inside("s3", bucket, inside, _with_defaults(item, aws))


def _on_google(host: str, path: str, settings: Document) -> Iterator[Place | None]:
    google = settings["google"]
    for item in _narrow_first(google["buckets"]):
        yield _inside("gs", host, path, {"credentials_json": google.get("credentials_json"), **item})


def _on_azure(host: str, path: str, settings: Document) -> Iterator[Place | None]:
    container, _, inside = path.partition("/")
    for item in settings["azure"]["containers"]:
        if host.lower() == f"{(item.get('account_name') or '').lower()}{AZURE_HOST}":
            yield _inside("azure", container, inside, {**item, "bucket": item.get("container_name")})


def _narrow_first(buckets: Iterable[Document]) -> list[Document]:
    return sorted(buckets, key=lambda item: -len(_prefix(item)))


def _with_defaults(item: Document, aws: Document) -> Document:
    """The settings of a bucket; without a key of its own it is reached as ``aws`` says."""
    own = ("key", "secret", "token", "use_credentials_chain")
    shared = {name: aws.get(name) for name in own} if not item.get("key") and not item.get("use_credentials_chain") else {}
    return {**item, **shared, "region": item.get("region") or aws.get("region")}


def _prefix(item: Document) -> str:
    """Where the objects of a configured bucket begin: its name and, if it has one, its folder."""
    return "/".join(part.strip("/") for part in (item.get("bucket") or "", item.get("subdir") or "") if part.strip("/"))


def _inside(scheme: str, bucket: str, path: str, item: Document) -> Place | None:
    """The object, if it lies in that bucket and folder."""
    prefix = _prefix(item)
    try:
        checked = storage_path(path)
    except PathError:
        return None
    # a path that is only nearly clean would be another object
    if not prefix or checked != path or not f"{bucket}/{path}".startswith(f"{prefix}/"):
        return None
    return Place(scheme, bucket, checked, item)
