"""``login.*``: what the login page must know, and leaving."""

from __future__ import annotations

from typing import Any

from trackyard.core.identity import OPTIONAL
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.replies import Nothing
from trackyard.core.protocol.version import Version
from trackyard.plugins.identity.realm import Realm
from trackyard.plugins.identity.replies import Modes
from trackyard.plugins.identity.sessions import log_out


class LoginService:
    """The handlers of ``login.*``."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def endpoints(self) -> list[Endpoint[Any]]:
        """What is registered."""
        return [
            Endpoint("login.supported_modes", self.supported_modes, permission=OPTIONAL, summary="Ways to log in", reply=Modes),
            Endpoint("login.logout", self.logout, permission=OPTIONAL, by_post=True, min_version=Version(2, 13), reply=Nothing),
        ]

    async def supported_modes(self, call: Call, request: Any) -> dict[str, Any]:
        """Whether the caller is logged in, and the ways to log in that plugins offer."""
        others = [method for method in call.kernel.plugins.provided("login_methods") if method.path]
        return {
            "authenticated": bool(call.identity.user),
            "basic": {"enabled": True, "guest": {"enabled": False, "name": "", "username": "", "password": ""}},
            "sso": {method.name: method.path for method in others},
            "sso_providers": [{"name": method.name, "display_name": method.title, "url": method.path} for method in others],
            "server_errors": {"missed_es_upgrade": False, "es_connection_error": False},
        }

    async def logout(self, call: Call, request: Any) -> dict[str, Any]:
        """The session's tokens are no longer good and the cookie goes; nobody need be logged in."""
        await log_out(self._realm, call)
        return {}
