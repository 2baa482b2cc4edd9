"""``plugins.*``: for administrators, the plugins of the server, their state, their settings, and changing them in the file."""

from trackyard.plugins.plugin_settings.plugin import PluginSettingsPlugin

__all__ = ["PluginSettingsPlugin"]
