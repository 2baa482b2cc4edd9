"""Uploaded files on the local disk."""

from trackyard.storage_backends.files_local.plugin import FilesLocalPlugin

__all__ = ["FilesLocalPlugin"]
