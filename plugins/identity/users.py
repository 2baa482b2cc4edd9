"""Changes of users and credentials, as functions for units of work; and the rules about them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, delete, select
from trackyard.core import clock, query, store
from trackyard.core.entities import USER, Credential, Model, RevokedSession, Task, User
from trackyard.core.errors import ApiError, bad_value, forbidden, invalid_id, validation
from trackyard.core.identity import ADMIN_ROLES, DEFAULT_COMPANY, ROLES, Identity, narrower
from trackyard.plugins.identity.links import drop_links
from trackyard.plugins.identity.secrets import ACCESS_KEY, hash_secret, new_access_key, new_secret

EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+", re.ASCII)
USERNAME = re.compile(r"[^\s:\x00-\x1f]{1,200}")
LONGEST_TEXT = 500


def require_user(session: Session, user_id: str) -> User:
    """The user; raises `ApiError` 400/301 if there is none."""
    user = session.exec(select(User).where(User.id == user_id)).first()
    if user is None:
        raise invalid_id("user", user_id)
    return user


def find_users(
    session: Session,
    body: dict[str, Any],
    caller: Identity,
    where: Collection[ColumnElement[bool]] = (),
    *,
    expand: bool = False,
) -> dict[str, Any]:
    """The answer to a list of users; ``expand`` shows ids always, and the company as an object."""
    named = {"order_by": ["name"], **body}
    return query.run(session, query.USERS, named, caller, expand=expand, where=where).answer("users")


def is_active(session: Session, projects: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a user has tasks or models in the projects or below them; no projects are all projects."""
    inside = [*projects, *store.descendants(session, projects)]
    makers = [
        select(maker.user).where(col(maker.project).in_(inside)) if projects else select(maker.user) for maker in (Task, Model)
    ]
    return or_(*(col(User.id).in_(maker) for maker in makers))


def add_accounts(session: Session, found: list[dict[str, Any]]) -> None:
    """Add what administrators see of users."""
    rows = session.exec(select(User).where(col(User.id).in_([user["id"] for user in found]))).all()
    known = {row.id: row for row in rows}
    for user in found:
        row = known[user["id"]]
        user |= {
            "username": row.username,
            "disabled": row.disabled,
            "protected": row.protected,
            "has_password": row.password_hash is not None,
            "last_login": row.last_login,
        }


def require_changeable(session: Session, user_id: str, caller: Identity) -> User:
    """The user, if the caller may change it: 400/301 for none and for protected ones, 403/20 for one that may more."""
    user = require_user(session, user_id)
    if user.protected:
        raise ApiError(400, 301, "Invalid user id (the user is protected)", id=user_id)
    if narrower(user.role, caller.role) != user.role:
        raise forbidden(20, "The user may more than you", user=user_id, role=caller.role)
    return user


def keep_an_administrator(session: Session, leaving: User) -> None:
    """Raise 400/301 if ``leaving`` is the last administrator of its rank that can log in: nobody could give it back."""
    if leaving.role not in ADMIN_ROLES:
        return
    rank = ROLES[: ROLES.index(leaving.role) + 1]
    others = select(User.id).where(col(User.role).in_(rank), User.id != leaving.id, col(User.disabled).is_(False))
    if session.exec(others).first() is None:
        raise ApiError(400, 301, "The last administrator must stay", user=leaving.id, role=leaving.role)


def create_user(session: Session, fields: dict[str, Any], password_hash: str | None = None) -> str:
    """Store a new user and give back the id; ``username`` and ``name`` are checked, empty fields left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    check_texts(given)
    if "username" in given:
        check_username(session, given["username"])
    if given.setdefault("company", DEFAULT_COMPANY) != DEFAULT_COMPANY:
        raise bad_value("company", given["company"])
    if given.get("role", "user") not in ROLES:
        raise validation("role", f"expected one of {', '.join(ROLES)}")
    if "id" in given and session.exec(select(User.id).where(User.id == given["id"])).first() is not None:
        raise ApiError(400, 302, "User id exists", id=given["id"])
    return store.insert(session, USER, {**given, "password_hash": password_hash})


def check_username(session: Session, username: str) -> None:
    """Raise `ApiError` for a user name that is malformed (400/12) or taken (400/302)."""
    if not USERNAME.fullmatch(username) or ACCESS_KEY.fullmatch(username.upper()):
        raise validation("username", "expected 1 to 200 characters without space and colon, unlike an access key")
    if session.exec(select(User.id).where(User.username == username)).first() is not None:
        raise ApiError(400, 302, "The user name is taken", username=username)


def check_texts(fields: dict[str, Any]) -> None:
    """Raise `ApiError` 400/12 for an empty or a very long name, 400/22 for what is no e-mail address."""
    if not str(fields.get("name", "x")).strip():
        raise validation("name", "expected a name")
    for name in ("name", "given_name", "family_name", "avatar", "email"):
        if len(fields.get(name) or "") > LONGEST_TEXT:
            raise validation(name, f"expected at most {LONGEST_TEXT} characters")
    email = fields.get("email")
    if email and not EMAIL.fullmatch(email):
        raise ApiError(400, 22, "Invalid email", email=email)


def end_sessions(session: Session, user: User) -> None:
    """Tokens that were issued until now, and login links, are no longer good."""
    user.sessions_from = clock.now() + timedelta(milliseconds=1)
    session.add(user)
    drop_links(session, user.id)


def delete_user(session: Session, user: User) -> None:
    """Delete the user with credentials, sessions and links; what the user made stays."""
    keep_an_administrator(session, user)
    drop_links(session, user.id)
    session.execute(delete(Credential).where(col(Credential.user) == user.id))
    session.execute(delete(RevokedSession).where(col(RevokedSession.user) == user.id))
    store.delete(session, USER, [user.id])


def add_credentials(
    session: Session, user: User, label: str | None = None, role: str | None = None, expires: datetime | None = None
) -> dict[str, Any]:
    """Store new API credentials; the answer is the only place where the secret is shown."""
    access_key, secret = new_access_key(), new_secret()
    made = make_credential(user, access_key, secret, label)
    made.role, made.expires = role, expires
    session.add(made)
    return {"access_key": access_key, "secret_key": secret, "label": label}


def make_credential(user: User, access_key: str, secret: str, label: str | None) -> Credential:
    """A credential of the user with what is kept of the secret."""
    return Credential(
        access_key=access_key,
        secret_hash=hash_secret(secret),
        user=user.id,
        company=user.company,
        label=label,
        created=clock.now(),
    )
