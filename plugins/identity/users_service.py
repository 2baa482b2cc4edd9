"""``users.*``: who there is, who one is, and one's preferences."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import USER
from trackyard.core.errors import bad_value, forbidden
from trackyard.core.identity import Identity, roles
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.replies import Changed, Nothing
from trackyard.core.protocol.version import OLDEST, Version
from trackyard.plugins.identity import audit, users
from trackyard.plugins.identity import replies as a
from trackyard.plugins.identity import requests as r
from trackyard.plugins.identity.realm import Realm

SERVICE = roles("system", "root")
MAX_DOWNLOAD = 50_000
"""Rows of a table that one may download as CSV."""
VERSION = version("trackyard")
NAMES = ("name", "given_name", "family_name", "avatar")


class UsersService:
    """The handlers of ``users.*``."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def endpoints(self) -> list[Endpoint[Any]]:
        """What is registered."""
        since = Version(2, 8)
        return [
            Endpoint("users.get_all", self.get_all, r.UsersRequest, reply=a.UserList),
            Endpoint("users.get_all_ex", self.get_all, r.UsersRequest, min_version=OLDEST, reply=a.UserList),
            Endpoint("users.get_all_ex", self.get_all_ex, r.UsersRequest, min_version=since, reply=a.UserList),
            Endpoint("users.get_by_id", self.get_by_id, r.UserRequest, reply=a.OneUser),
            Endpoint("users.get_current_user", self.get_current_user, reply=a.CurrentUser),
            Endpoint("users.get_preferences", self.get_preferences, reply=a.Preferences),
            Endpoint("users.set_preferences", self.set_preferences, r.PreferencesRequest, by_post=True, reply=Changed),
            Endpoint("users.update", self.update, r.UpdateUserRequest, writes=True, reply=Changed),
            Endpoint("users.create", self.create, r.MakeUserRequest, SERVICE, writes=True, reply=Nothing),
            Endpoint("users.delete", self.delete, r.UserRequest, SERVICE, writes=True, reply=Nothing),
        ]

    async def get_all(self, call: Call, request: r.UsersRequest) -> dict[str, Any]:
        """The users that the query finds; by name unless another order is asked for."""
        return await call.metadata.read(lambda session: users.find_users(session, call.body, call.identity))

    async def get_all_ex(self, call: Call, request: r.UsersRequest) -> dict[str, Any]:
        """As ``users.get_all``; only those with tasks or models in ``active_in_projects`` or below, if that is given.

        Administrators also see user names, last logins and who is blocked.
        """

        def work(session: Session) -> dict[str, Any]:
            active = request.active_in_projects
            where = [] if active is None else [users.is_active(session, active)]
            found = users.find_users(session, call.body, call.identity, where, expand=True)
            if call.identity.is_admin and not request.only_fields:
                users.add_accounts(session, found["users"])
            return found

        return await call.metadata.read(work)

    async def get_by_id(self, call: Call, request: r.UserRequest) -> dict[str, Any]:
        """One user."""
        company = call.identity.company
        return {"user": await call.metadata.read(lambda session: store.require(session, USER, request.user, company=company))}

    async def get_current_user(self, call: Call, request: Any) -> dict[str, Any]:
        """The caller, with the preferences, as the web application asks for at its start."""
        shown = await call.metadata.read(lambda session: describe(session, call.identity))
        return {"user": shown, "getting_started": {}, "settings": {"max_download_items": MAX_DOWNLOAD}}

    async def get_preferences(self, call: Call, request: Any) -> dict[str, Any]:
        """The caller's preferences."""
        return {"preferences": await call.metadata.read(lambda session: preferences_of(session, call.identity.user))}

    async def set_preferences(self, call: Call, request: r.PreferencesRequest) -> dict[str, Any]:
        """Merge deep: each call of a client has only one slice."""
        check_keys(request.preferences, "preferences")

        def work(session: Session) -> dict[str, Any]:
            merged = merge(preferences_of(session, call.identity.user), request.preferences)
            return store.update(session, USER, call.identity.user, {"preferences": merged})

        written = await call.metadata.write(work)
        return {"updated": int(bool(written)), "fields": written}

    async def update(self, call: Call, request: r.UpdateUserRequest) -> dict[str, Any]:
        """New names of the caller, or of another user by an administrator."""
        if request.user != call.identity.user and not call.identity.is_admin:
            raise forbidden(20, "Only administrators may change another user")
        changes = {name: value for name in NAMES if (value := getattr(request, name)) is not None}
        users.check_texts(changes)

        def work(session: Session) -> dict[str, Any]:
            users.require_changeable(session, request.user, call.identity)
            return store.update(session, USER, request.user, changes)

        written = await self._realm.accounts.change(work)
        return {"updated": int(bool(written)), "fields": written}

    async def create(self, call: Call, request: r.MakeUserRequest) -> dict[str, Any]:
        """A new user with an id of the caller's choice."""
        names = ("id", "company", *NAMES)
        fields = {name: getattr(request, name) for name in names}
        await self._realm.accounts.change(lambda session: users.create_user(session, fields))
        return {}

    async def delete(self, call: Call, request: r.UserRequest) -> dict[str, Any]:
        """Delete a user; credentials and sessions go, what the user made stays."""

        def work(session: Session) -> None:
            users.delete_user(session, users.require_changeable(session, request.user, call.identity))

        await self._realm.accounts.change(work)
        audit.changed(call, "user deleted", user=request.user)
        return {}


def describe(session: Session, identity: Identity) -> dict[str, Any]:
    """The caller's own data; an identity of the system has no row."""
    known = store.get(session, USER, identity.user) or {}
    return {
        "id": identity.user,
        "name": known.get("name", identity.name),
        "given_name": known.get("given_name"),
        "family_name": known.get("family_name"),
        "email": known.get("email"),
        "avatar": known.get("avatar"),
        "role": identity.role,
        "created": known.get("created"),
        "created_in_version": VERSION,
        "company": {"id": identity.company, "name": identity.company_name},
        "preferences": preferences_of(session, identity.user),
    }


def preferences_of(session: Session, user_id: str) -> dict[str, Any]:
    """A user's preferences; none for an identity of the system."""
    found = store.get(session, USER, user_id, fields=["preferences"])
    return (found or {}).get("preferences") or {}


def check_keys(preferences: dict[str, Any], place: str) -> None:
    """Raise `ApiError` 400/16 for a key with a dot or with a dollar in front, at any depth."""
    for key, value in preferences.items():
        if "." in key or key.startswith("$"):
            raise bad_value(place, key)
        if isinstance(value, dict):
            check_keys(value, f"{place}.{key}")


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``old`` with ``new`` merged in: dicts are merged, anything else is replaced."""
    merged = dict(old)
    for key, value in new.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
