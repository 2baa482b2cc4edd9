"""The service ``events``: scalars, logs, plots and samples of tasks and models, written and read."""

from trackyard.plugins.events.plugin import EventsPlugin

__all__ = ["EventsPlugin"]
