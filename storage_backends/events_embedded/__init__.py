"""Scalars, logs, plots, samples and statistics in one file of the data directory."""

from trackyard.storage_backends.events_embedded.plugin import EventsEmbeddedPlugin

__all__ = ["EventsEmbeddedPlugin"]
