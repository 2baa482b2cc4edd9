"""Access to object storage, as it is set and told."""

from __future__ import annotations

from typing import Literal

from trackyard.core.protocol.requests import Request


class AwsBucket(Request):
    """One S3 bucket, or one at ``host`` (MinIO and others)."""

    bucket: str | None = None
    subdir: str | None = None
    host: str | None = None
    key: str | None = None
    secret: str | None = None
    token: str | None = None
    multipart: bool | None = None
    acl: str | None = None
    secure: bool | None = None
    region: str | None = None
    verify: bool | None = None
    use_credentials_chain: bool | None = None


class Aws(Request):
    """S3: what holds for all buckets, and for some."""

    key: str | None = None
    secret: str | None = None
    region: str | None = None
    token: str | None = None
    use_credentials_chain: bool | None = None
    buckets: list[AwsBucket] | None = None


class GoogleBucket(Request):
    """One bucket of Google Cloud Storage."""

    bucket: str | None = None
    project: str | None = None
    subdir: str | None = None
    credentials_json: str | None = None


class Google(Request):
    """Google Cloud Storage: what holds for all buckets, and for some."""

    project: str | None = None
    credentials_json: str | None = None
    buckets: list[GoogleBucket] | None = None


class AzureContainer(Request):
    """One container of Azure Blob Storage."""

    account_name: str | None = None
    account_key: str | None = None
    container_name: str | None = None


class Azure(Request):
    """Azure Blob Storage."""

    containers: list[AzureContainer] | None = None


class SetRequest(Request):
    """New settings of some services; each replaces what was set of it."""

    aws: Aws | None = None
    google: Google | None = None
    azure: Azure | None = None


class ResetRequest(Request):
    """The services whose settings are forgotten."""

    keys: list[Literal["azure", "aws", "google"]] = []
