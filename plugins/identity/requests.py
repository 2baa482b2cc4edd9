"""The requests of ``auth.*``, ``login.*`` and ``users.*``."""

from __future__ import annotations

from typing import Any, Literal

from trackyard.core.protocol.requests import Count, Request, Size

Role = Literal["admin", "superuser", "user", "annotator", "guest"]


class LoginRequest(Request):
    """Asks for a token that lives ``expiration_sec`` seconds."""

    expiration_sec: int | None = None


class LogoutRequest(Request):
    """Ends this session, or all of the user's."""

    everywhere: bool = False


class NewCredentialsRequest(Request):
    """Asks for new credentials with a label; ``role`` lets them do less than the user, ``expiration_sec`` ends them."""

    label: str | None = None
    role: Role | None = None
    expiration_sec: Size | None = None


class CredentialRequest(Request):
    """Names credentials by their access key; ``label`` is for a change."""

    access_key: str
    label: str | None = None


class CreateUserRequest(Request):
    """A new user of a company; ``username`` and ``password`` are for the login page, the e-mail address is the default."""

    name: str
    company: str
    email: str
    role: Role = "user"
    given_name: str | None = None
    family_name: str | None = None
    avatar: str | None = None
    username: str | None = None
    password: str | None = None


class EditUserRequest(Request):
    """Gives a user another role, or blocks it."""

    user: str
    role: Role | None = None
    disabled: bool | None = None


class TokenForUserRequest(Request):
    """Asks for a token of another user."""

    user: str
    company: str | None = None
    expiration_sec: int | None = None


class TokenRequest(Request):
    """A token to be looked at."""

    token: str


class PasswordRequest(Request):
    """A new password: one's own (with the present one) or, for administrators, that of another user."""

    password: str
    current_password: str | None = None
    user: str | None = None


class UserRequest(Request):
    """Names a user."""

    user: str


class MakeUserRequest(Request):
    """A new user with an id of the caller's choice."""

    id: str
    company: str
    name: str
    given_name: str | None = None
    family_name: str | None = None
    avatar: str | None = None


class UpdateUserRequest(Request):
    """New names of a user."""

    user: str
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    avatar: str | None = None


class UsersRequest(Request):
    """A list of users in pages."""

    page: Count | None = None
    page_size: Size | None = None
    order_by: list[str] = []
    only_fields: list[str] = []
    active_in_projects: list[str] | None = None


class PreferencesRequest(Request):
    """Preferences to be merged into those that are kept."""

    preferences: dict[str, Any]
