"""What the server is and how it is: ``server.*``, ``debug.ping``, and the health of the three stores."""

from trackyard.plugins.diagnostics.plugin import DiagnosticsPlugin

__all__ = ["DiagnosticsPlugin"]
