"""Numbers for Prometheus: requests by endpoint and status, stored events, live work."""

from trackyard.plugins.monitoring.plugin import MonitoringPlugin

__all__ = ["MonitoringPlugin"]
