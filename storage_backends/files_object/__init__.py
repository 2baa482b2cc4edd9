"""Uploaded files in an object store: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage."""

from trackyard.storage_backends.files_object.plugin import FilesObjectPlugin

__all__ = ["FilesObjectPlugin"]
