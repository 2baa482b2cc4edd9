"""Scheduler: a service that clones a task and enqueues the clone, by time or when something happens."""

from trackyard.plugins.scheduler.plugin import SchedulerPlugin

__all__ = ["SchedulerPlugin"]
