"""Recurring work of the server: runs the jobs that plugins register, each on one of the servers that share a database."""

from trackyard.plugins.jobs.plugin import JobsPlugin

__all__ = ["JobsPlugin"]
