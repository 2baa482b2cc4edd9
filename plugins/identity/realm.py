"""What the services and the authenticators share: settings, keys, accounts, tokens, counts of wrong passwords."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
from dataclasses import replace
from hashlib import blake2b

from trackyard.core.authentication import ACTING
from trackyard.core.errors import ApiError, unauthorized
from trackyard.core.extension import Client
from trackyard.core.identity import ADMIN_ROLES, SYSTEM, Identity
from trackyard.core.kernel import Kernel
from trackyard.plugins.identity import audit
from trackyard.plugins.identity.accounts import Account, Accounts, By, username_of
from trackyard.plugins.identity.attempts import Attempts
from trackyard.plugins.identity.links import PREFIX, take_link
from trackyard.plugins.identity.secrets import ACCESS_KEY, Passwords, secret_matches
from trackyard.plugins.identity.settings import IdentitySettings
from trackyard.plugins.identity.tokens import Claims, Tokens, read_keys
from trackyard.plugins.identity.usage import Usage

PASSWORD_REMEMBERED = 300.0
"""Seconds for which a right password needs no hashing."""
MOST_PASSWORDS = 1_000


def wrong() -> ApiError:
    """The one answer to all wrong credentials: it does not tell which part was wrong."""
    return unauthorized(22, "Unauthorized (wrong user name, key or secret)")


class Realm:
    """The heart of the plugin; complete after `open`."""

    accounts: Accounts
    tokens: Tokens
    usage: Usage

    def __init__(self, settings: IdentitySettings) -> None:
        self.settings = settings
        self.passwords = Passwords()
        self.attempts = Attempts()
        self._process_key = secrets.token_bytes(32)
        self._right_passwords: dict[bytes, tuple[float, str]] = {}

    async def open(self, kernel: Kernel) -> None:
        """Read the keys and use the kernel's store; raises `BadKey`."""
        await self.read_keys(kernel)
        self.accounts = Accounts(kernel.metadata)
        self.usage = Usage(kernel)
        self._metadata = kernel.metadata

    async def read_keys(self, kernel: Kernel) -> None:
        """Read the keys that sign tokens; enough to issue tokens. Raises `BadKey`."""
        keys = await asyncio.to_thread(read_keys, self.settings.token_key, kernel.data_dir)
        self.tokens = Tokens(keys, int(self.settings.token_days * 86400))

    async def by_basic(self, credential: str, client: Client) -> Identity:
        """Who shows an access key with its secret, or a user name with the password."""
        name, secret = split_basic(credential)
        account = await self.accounts.find(By.LOGIN, name)
        if account is None and ACCESS_KEY.fullmatch(name):
            raise wrong()
        if account is None or name not in account.keys:
            return await self._by_password(account, username_of(name), secret, client)
        key = account.keys[name]
        if not secret_matches(key.secret_hash, secret) or key.expired:
            audit.refused("wrong secret or expired key", name, client.address)
            raise wrong()
        refuse_disabled(account)
        self.usage.note(name, client)
        return account.identity(key.role, {"key": name})

    async def by_token(self, token: str, client: Client) -> Identity:
        """Who shows a token, or a one-time link's token, which is good for one call."""
        if token.startswith(PREFIX):
            return await self._by_link(token)
        identity = await self.check_token(token)
        if key := identity.claims.get("key"):
            self.usage.note(str(key), client)
        return identity

    async def check_token(self, token: str) -> Identity:
        """Whose token it is; raises 401/30 for a token that is not good and 401/31 for that of a blocked user."""
        claims = self.tokens.read(token)
        shown = claims["identity"]
        if shown["user"] == SYSTEM.user:
            return SYSTEM
        account = await self.accounts.find(By.ID, shown["user"])
        if account is None or not _stands(account, claims):
            raise unauthorized(30, "Unauthorized (token revoked)")
        refuse_disabled(account)
        identity = account.identity(shown["role"], claims)
        return replace(identity, acting=await self._acting(claims[ACTING], claims)) if ACTING in claims else identity

    async def _acting(self, acting: Claims, claims: Claims) -> str:
        """Who acts by the token of another user; raises 401/30 if this one, or what was shown, is no longer good."""
        user = str(acting["user"])
        account = await self.accounts.find(By.ID, user)
        may = account is not None and not account.disabled and account.role in ADMIN_ROLES
        if account is None or not may or not _stands(account, {"issued": claims["issued"], "session_id": "", **acting}):
            raise unauthorized(30, "Unauthorized (token revoked)")
        return user

    async def _by_password(self, account: Account | None, username: str, password: str, client: Client) -> Identity:
        self.attempts.begin(username, client.address)
        password_hash = account.password_hash if account else None
        if not await self._is_password(password_hash, username, password) or account is None:
            audit.refused("wrong password", account.id if account else "an unknown user", client.address)
            raise wrong()
        self.attempts.succeeded(username, client.address)
        refuse_disabled(account)
        return account.identity()

    async def _is_password(self, password_hash: str | None, username: str, password: str) -> bool:
        name = blake2b(f"{username}\0{password}".encode(), key=self._process_key).digest()
        until, known_hash = self._right_passwords.get(name, (0.0, ""))
        if password_hash is not None and known_hash == password_hash and until > time.monotonic():
            return True
        if not await self.passwords.matches(password_hash, password):
            return False
        if len(self._right_passwords) >= MOST_PASSWORDS:
            self._right_passwords.clear()
        self._right_passwords[name] = (time.monotonic() + PASSWORD_REMEMBERED, password_hash or "")
        return True

    async def _by_link(self, token: str) -> Identity:
        user_id = await self._metadata.write(lambda session: take_link(session, token))
        account = await self.accounts.find(By.ID, user_id) if user_id else None
        if account is None:
            raise unauthorized(30, "Unauthorized (the login link was used or has expired)")
        refuse_disabled(account)
        return account.identity(None, {"link": True})


def refuse_disabled(account: Account) -> None:
    """Raise 401/31 for a disabled user; asked only after the credentials were right."""
    if account.disabled:
        raise unauthorized(31, "Unauthorized (the user is blocked)")


def split_basic(credential: str) -> tuple[str, str]:
    """User name and password of a Basic credential; raises 401/21."""
    try:
        text = base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise unauthorized(21, "Unauthorized (malformed Basic credentials)") from None
    name, colon, secret = text.partition(":")
    if not colon or not name:
        raise unauthorized(21, "Unauthorized (malformed Basic credentials)")
    return name, secret


def _stands(account: Account, claims: Claims) -> bool:
    """Whether the token's session, and the key that began it, are still good."""
    if claims["issued"] < account.sessions_from or claims["session_id"] in account.revoked:
        return False
    name = claims.get("key")
    return name is None or (name in account.keys and not account.keys[name].expired)
