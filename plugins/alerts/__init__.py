"""Alerts: a service that tells people what happened, by webhook, Slack-compatible webhook or e-mail."""

from trackyard.plugins.alerts.plugin import AlertsPlugin

__all__ = ["AlertsPlugin"]
