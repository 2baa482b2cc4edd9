"""The server's side of automation services: which there are, how they stand, who runs them, and what they may call."""

from trackyard.plugins.services.plugin import ServicesPlugin

__all__ = ["ServicesPlugin"]
