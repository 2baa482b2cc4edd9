"""What ``auth.*``, ``login.*`` and ``users.*`` answer; the document of the API is made from these types."""

from __future__ import annotations

from typing import Any

import msgspec


class Token(msgspec.Struct):
    """A token: a JSON Web Token whose claims clients read."""

    token: str


class NewCredentials(msgspec.Struct):
    """New credentials; the secret is shown this once."""

    access_key: str
    secret_key: str
    label: str | None


class CredentialsMade(msgspec.Struct):
    """The new credentials."""

    credentials: NewCredentials


class KnownCredentials(msgspec.Struct):
    """Credentials without the secret. ``last_used`` is a UTC time without an offset; limits are told where there are some."""

    access_key: str
    label: str | None
    last_used: str | None
    last_used_from: str | None
    role: str | None = None
    expires: str | None = None


class CredentialsKnown(msgspec.Struct):
    """The caller's credentials."""

    credentials: list[KnownCredentials]


class Revoked(msgspec.Struct):
    """Whether the credentials were there (0 or 1)."""

    revoked: int


class PasswordSet(msgspec.Struct):
    """The password was set; one's own session goes on with a new token."""

    updated: int
    token: str | None = None


class LoginLink(msgspec.Struct):
    """The token of a login link, and the path of the link on the web site."""

    token: str
    path: str


class TokenState(msgspec.Struct):
    """Whether a token is good, whose it is, or why it isn't."""

    valid: bool
    msg: str
    user: str | None = None
    company: str | None = None


class UsersMode(msgspec.Struct):
    """Whether users log in with passwords."""

    enabled: bool
    guest: dict[str, bool]
    server_errors: dict[str, Any]


class GuestMode(msgspec.Struct):
    """How a guest logs in; never possible here."""

    enabled: bool
    name: str
    username: str
    password: str


class PasswordMode(msgspec.Struct):
    """Whether passwords are asked for."""

    enabled: bool
    guest: GuestMode


class Modes(msgspec.Struct):
    """The ways to log in; ``sso`` and ``sso_providers`` are those that plugins add."""

    authenticated: bool
    basic: PasswordMode
    sso: dict[str, str]
    sso_providers: list[dict[str, str]]
    server_errors: dict[str, bool]


class OneUser(msgspec.Struct):
    """A user's fields."""

    user: dict[str, Any]


class UserList(msgspec.Struct):
    """The fields of users."""

    users: list[dict[str, Any]]


class CurrentUser(msgspec.Struct):
    """The caller with company and preferences, and limits."""

    user: dict[str, Any]
    getting_started: dict[str, Any]
    settings: dict[str, int]


class Preferences(msgspec.Struct):
    """The caller's preferences."""

    preferences: dict[str, Any]
