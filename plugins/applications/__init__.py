"""Applications: interactive web applications that tasks run, shown on the web site behind the server's login."""

from trackyard.plugins.applications.plugin import ApplicationsPlugin

__all__ = ["ApplicationsPlugin"]
