"""The table ``[object_storage]`` of ``plugins.toml``."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from trackyard.core.store import Document
from trackyard.plugins.storage.requests import AwsBucket, AzureContainer, GoogleBucket


class AwsPlace(AwsBucket, forbid_unknown_fields=True):
    """A bucket of S3, or of a server at ``host`` that speaks its protocol."""


class GooglePlace(GoogleBucket, forbid_unknown_fields=True):
    """A bucket of Google Cloud Storage."""


class AzurePlace(AzureContainer, forbid_unknown_fields=True):
    """A container of Azure Blob Storage."""


class ObjectStorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[object_storage]``: buckets from which the objects of deleted tasks are removed.

    They come beside those that administrators set in the web or by ``storage.set_settings``, and are not shown there.
    An item of ``aws`` has ``bucket``, ``key`` and ``secret``, and may have ``subdir``, ``host``, ``secure``, ``region``,
    ``token``, ``verify``, ``use_credentials_chain``; one of ``google`` has ``bucket`` and ``credentials_json`` (the text
    of a service account's file), and may have ``subdir``; one of ``azure`` has ``account_name``, ``account_key`` and
    ``container_name``.
    """

    aws: list[AwsPlace] = []
    google: list[GooglePlace] = []
    azure: list[AzurePlace] = []


def with_file(settings: Document, file: ObjectStorageSettings) -> Document:
    """Storage settings with the buckets of ``plugins.toml`` behind their own."""
    more = {"aws": ("buckets", _plain(file.aws)), "google": ("buckets", _plain(file.google))}
    more["azure"] = ("containers", _plain(file.azure))
    return {name: {**settings[name], key: [*settings[name][key], *items]} for name, (key, items) in more.items()}


def _plain(items: Sequence[msgspec.Struct]) -> list[Document]:
    return [{name: value for name, value in msgspec.to_builtins(item).items() if value is not None} for item in items]
