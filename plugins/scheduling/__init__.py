"""Which task an agent gets: priorities, limits of running tasks, and what a task needs of a worker. Off by default."""

from trackyard.plugins.scheduling.plugin import SchedulingPlugin

__all__ = ["SchedulingPlugin"]
