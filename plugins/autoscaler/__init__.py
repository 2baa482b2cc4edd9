"""The autoscaler: a service that starts instances for queues and stops idle ones, within a budget."""

from trackyard.plugins.autoscaler.plugin import AutoscalerPlugin

__all__ = ["AutoscalerPlugin"]
