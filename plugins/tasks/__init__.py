"""Tasks: everything between their creation and their deletion."""

from trackyard.plugins.tasks.plugin import TasksPlugin

__all__ = ["TasksPlugin"]
