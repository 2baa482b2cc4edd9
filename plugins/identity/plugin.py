"""The plugin of users and credentials, without which no server starts."""

from __future__ import annotations

from typing import Any

from trackyard.core.cli.command import Command
from trackyard.core.extension import Authenticator, Client, LoginMethod
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.plugins.identity import first_start
from trackyard.plugins.identity.auth_service import AuthService
from trackyard.plugins.identity.commands import COMMANDS
from trackyard.plugins.identity.login_service import LoginService
from trackyard.plugins.identity.realm import Realm
from trackyard.plugins.identity.settings import IdentitySettings
from trackyard.plugins.identity.users_service import UsersService


class BasicAuthenticator:
    """Access key and secret, or user name and password."""

    scheme = "basic"

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def authenticate(self, credential: str, client: Client) -> Identity:
        """See `Authenticator.authenticate`."""
        return await self._realm.by_basic(credential, client)


class BearerAuthenticator:
    """A token, from the header or from the session cookie."""

    scheme = "bearer"

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def authenticate(self, credential: str, client: Client) -> Identity:
        """See `Authenticator.authenticate`."""
        return await self._realm.by_token(credential, client)


class IdentityPlugin(Plugin):
    """Users, passwords, API credentials and tokens."""

    name = "identity"
    summary = "Users, passwords, API credentials and sessions"
    settings_type = IdentitySettings
    essential = True

    def __init__(self, settings: IdentitySettings) -> None:
        """Nothing is read before the start."""
        super().__init__(settings)
        self.realm = Realm(settings)

    @hookimpl
    def trackyard_authenticators(self) -> list[Authenticator]:
        """Basic and bearer."""
        return [BasicAuthenticator(self.realm), BearerAuthenticator(self.realm)]

    @hookimpl
    def trackyard_login_methods(self) -> list[LoginMethod]:
        """The form of the login page."""
        return [LoginMethod("password", "User name and password")]

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """Three services."""
        services = (AuthService(self.realm), LoginService(self.realm), UsersService(self.realm))
        return [endpoint for service in services for endpoint in service.endpoints()]

    @hookimpl
    def trackyard_commands(self) -> list[Command]:
        """``trackyard user``."""
        return COMMANDS

    async def start(self, kernel: Kernel) -> None:
        """Read the keys, and make what a first start needs."""
        await self.realm.open(kernel)
        await first_start.prepare(self.realm, kernel)

    async def stop(self) -> None:
        """Write the last uses."""
        if hasattr(self.realm, "usage"):
            await self.realm.usage.flush()
