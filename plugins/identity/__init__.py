"""Who calls and who may: users, passwords, API credentials, tokens, sessions; ``auth.*``, ``login.*`` and ``users.*``."""

from trackyard.plugins.identity.plugin import IdentityPlugin

__all__ = ["IdentityPlugin"]
