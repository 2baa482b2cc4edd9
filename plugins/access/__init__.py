"""Who may ask what beyond the roles that endpoints declare: rules of the administrator."""

from trackyard.plugins.access.plugin import AccessPlugin

__all__ = ["AccessPlugin"]
