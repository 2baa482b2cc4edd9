"""Clean-up: a service that deletes old tasks with their files."""

from trackyard.plugins.cleanup.plugin import CleanupPlugin

__all__ = ["CleanupPlugin"]
