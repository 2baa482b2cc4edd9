"""The file server: models, artifacts and media that clients upload and read."""

from trackyard.plugins.fileserver.plugin import FileServerPlugin

__all__ = ["FileServerPlugin"]
