"""``auth.*``: log in and out, API credentials, users' roles and passwords."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select
from trackyard.core import clock
from trackyard.core.authentication import ACTING, COOKIE
from trackyard.core.entities import Credential, User
from trackyard.core.errors import ApiError, invalid_id, validation
from trackyard.core.identity import ADMIN, PUBLIC, USER, Identity, narrower, roles
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.replies import Changed, Created, Nothing, Updated
from trackyard.core.protocol.version import Version
from trackyard.plugins.identity import audit, users
from trackyard.plugins.identity import replies as a
from trackyard.plugins.identity import requests as r
from trackyard.plugins.identity.accounts import Account, By, username_of
from trackyard.plugins.identity.links import add_link, new_link_token
from trackyard.plugins.identity.realm import Realm
from trackyard.plugins.identity.secrets import check_password
from trackyard.plugins.identity.sessions import is_secure, log_out

LONGEST_LABEL = 200
NEVER = 100 * 365 * 86400
"""Seconds of a hundred years: no end is later."""
RENEWED = ("session_id", "key", ACTING)
"""Claims that a renewed token keeps: it stays in its session, and ends with the access key that began it."""
LINK_SECONDS = 3600
"""How long such a session may set a password without the present one."""
SERVICE = roles("system", "root")


class AuthService:
    """The handlers of ``auth.*``."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def endpoints(self) -> list[Endpoint[Any]]:
        """What is registered."""
        return [*self._of_sessions(), *self._of_credentials(), *self._of_users()]

    def _of_sessions(self) -> list[Endpoint[Any]]:
        since = Version(2, 2)
        return [
            Endpoint("auth.login", self.login, r.LoginRequest, summary="Token and cookie for one's credentials", reply=a.Token),
            Endpoint(
                "auth.logout",
                self.logout,
                r.LogoutRequest,
                by_post=True,
                min_version=since,
                summary="End the session",
                reply=Nothing,
            ),
            Endpoint("auth.fixed_users_mode", self.fixed_users_mode, permission=PUBLIC, reply=a.UsersMode),
            Endpoint("auth.validate_token", self.validate_token, r.TokenRequest, SERVICE, reply=a.TokenState),
            Endpoint("auth.get_token_for_user", self.get_token_for_user, r.TokenForUserRequest, SERVICE, reply=a.Token),
            Endpoint("auth.create_login_link", self.create_login_link, r.UserRequest, ADMIN, writes=True, reply=a.LoginLink),
        ]

    def _of_credentials(self) -> list[Endpoint[Any]]:
        make, change = r.NewCredentialsRequest, r.CredentialRequest
        return [
            Endpoint("auth.create_credentials", self.create_credentials, make, writes=True, reply=a.CredentialsMade),
            Endpoint("auth.get_credentials", self.get_credentials, reply=a.CredentialsKnown),
            Endpoint("auth.edit_credentials", self.edit_credentials, change, writes=True, reply=Updated),
            Endpoint("auth.revoke_credentials", self.revoke_credentials, change, writes=True, reply=a.Revoked),
        ]

    def _of_users(self) -> list[Endpoint[Any]]:
        return [
            Endpoint("auth.create_user", self.create_user, r.CreateUserRequest, ADMIN, writes=True, reply=Created),
            Endpoint("auth.edit_user", self.edit_user, r.EditUserRequest, ADMIN, writes=True, reply=Changed),
            Endpoint("auth.set_password", self.set_password, r.PasswordRequest, USER, writes=True, reply=a.PasswordSet),
        ]

    async def login(self, call: Call, request: r.LoginRequest) -> dict[str, Any]:
        """A token for the caller; the browser also gets it as a cookie."""
        self._realm.usage.note_login(call.identity.user)
        audit.changed(call, "login", via=call.identity.via)
        kept = RENEWED if "session_id" in call.identity.claims else ("key", "link", ACTING)
        return {"token": self._begin_session(call, call.identity, kept, request.expiration_sec)}

    def _begin_session(self, call: Call, identity: Identity, kept: tuple[str, ...], expiration: int | None = None) -> str:
        """A token for ``identity``, set as a cookie too; ``kept`` are claims of the caller that go on."""
        claims = {name: call.identity.claims[name] for name in kept if name in call.identity.claims}
        token = self._realm.tokens.issue(identity, expiration, **claims)
        call.set_cookie(
            name=COOKIE,
            value=token,
            max_age=max(0, self._realm.tokens.lifetime(expiration)),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=is_secure(call),
        )
        return token

    async def logout(self, call: Call, request: r.LogoutRequest) -> dict[str, Any]:
        """The session's tokens are no longer good and the cookie goes."""
        await log_out(self._realm, call, request.everywhere)
        return {}

    async def create_credentials(self, call: Call, request: r.NewCredentialsRequest) -> dict[str, Any]:
        """New credentials of the caller, who can't give them a role above the one of the call."""
        label = check_label(request.label)
        expires = clock.now() + timedelta(seconds=min(request.expiration_sec, NEVER)) if request.expiration_sec else None

        def work(session: Session) -> dict[str, Any]:
            user = own_user(session, call.identity)
            allowed = narrower(narrower(user.role, call.identity.role), request.role)
            return users.add_credentials(session, user, label, allowed if allowed != user.role else None, expires)

        made = await self._realm.accounts.change(work)
        audit.changed(call, "credentials made", access_key=made["access_key"], role=request.role)
        return {"credentials": made}

    async def get_credentials(self, call: Call, request: Any) -> dict[str, Any]:
        """The caller's credentials in the order of their making."""
        await self._realm.usage.flush()
        return {"credentials": await call.metadata.read(lambda session: shown_credentials(session, call.identity.user))}

    async def edit_credentials(self, call: Call, request: r.CredentialRequest) -> dict[str, Any]:
        """Give credentials of the caller another label."""
        label = check_label(request.label)

        def work(session: Session) -> None:
            own_user(session, call.identity)
            found = find_credential(session, call.identity.user, request.access_key)
            if found is None:
                raise ApiError(400, 75, "Access key not found", access_key=request.access_key)
            found.label = label
            session.add(found)

        await self._realm.accounts.change(work)
        return {"updated": 1}

    async def revoke_credentials(self, call: Call, request: r.CredentialRequest) -> dict[str, Any]:
        """The caller's access key, and the tokens that were got with it, are no longer good."""

        def work(session: Session) -> int:
            own_user(session, call.identity)
            found = find_credential(session, call.identity.user, request.access_key)
            if found is None:
                return 0
            session.delete(found)
            return 1

        revoked = await self._realm.accounts.change(work)
        audit.changed(call, "credentials revoked", access_key=request.access_key[:64], revoked=revoked)
        return {"revoked": revoked}

    async def create_user(self, call: Call, request: r.CreateUserRequest) -> dict[str, Any]:
        """A new user; without a password a login link or credentials are its way in."""
        password_hash = None
        if request.password is not None:
            password_hash = await self._realm.passwords.hash(check_password(request.password))
        names = ("name", "company", "email", "role", "given_name", "family_name", "avatar")
        fields = {name: getattr(request, name) for name in names}
        fields["username"] = username_of(request.username or request.email)
        made = await self._realm.accounts.change(lambda session: users.create_user(session, fields, password_hash))
        audit.changed(call, "user created", user=made, role=request.role)
        return {"id": made}

    async def edit_user(self, call: Call, request: r.EditUserRequest) -> dict[str, Any]:
        """Another role, or blocked or not; nobody changes a user that may more, and an administrator must stay."""
        fields = {name: value for name in ("role", "disabled") if (value := getattr(request, name)) is not None}

        def work(session: Session) -> int:
            user = users.require_changeable(session, request.user, call.identity)
            if request.disabled or request.role not in (None, user.role):
                users.keep_an_administrator(session, user)
            changed = {name: value for name, value in fields.items() if getattr(user, name) != value}
            for name, value in changed.items():
                setattr(user, name, value)
            if changed.get("disabled"):
                users.end_sessions(session, user)
            session.add(user)
            return int(bool(changed))

        updated = await self._realm.accounts.change(work)
        audit.changed(call, "user changed", user=request.user, **fields)
        return {"updated": updated, "fields": fields}

    async def set_password(self, call: Call, request: r.PasswordRequest) -> dict[str, Any]:
        """A new password ends all sessions of the user; the caller's own goes on with a new token."""
        user_id = request.user or call.identity.user
        is_own = user_id == call.identity.user and call.identity.acting is None
        if is_own:
            await self._check_current_password(call, request.current_password)
        elif not call.identity.is_admin:
            raise ApiError(403, 20, "Only administrators may set the password of another user")
        password_hash = await self._realm.passwords.hash(check_password(request.password))

        def work(session: Session) -> None:
            user = users.require_changeable(session, user_id, call.identity)
            user.password_hash = password_hash
            users.end_sessions(session, user)

        await self._realm.accounts.change(work)
        audit.changed(call, "password set", user=user_id)
        return {"updated": 1, **(await self._next_session(call) if is_own else {})}

    async def _check_current_password(self, call: Call, current: str | None) -> None:
        account = await self._own_account(call.identity)
        claims = call.identity.claims
        issued = claims.get("issued")
        by_link = claims.get("link") and isinstance(issued, int) and issued > (time.time() - LINK_SECONDS) * 1000
        if account.password_hash is None or by_link:
            return
        username = f"password of {account.id}"
        self._realm.attempts.begin(username, call.remote)
        if current is None or not await self._realm.passwords.matches(account.password_hash, current):
            raise validation("current_password", "it is not the present password")
        self._realm.attempts.succeeded(username, call.remote)

    async def _next_session(self, call: Call) -> dict[str, Any]:
        # tokens count from the millisecond after the change
        await asyncio.sleep(0.002)
        account = await self._own_account(call.identity)
        return {"token": self._begin_session(call, account.identity(call.identity.role), ("key",))}

    async def _own_account(self, identity: Identity) -> Account:
        account = await self._realm.accounts.find(By.ID, identity.user)
        if account is None:
            raise invalid_id("user", identity.user)
        return account

    async def create_login_link(self, call: Call, request: r.UserRequest) -> dict[str, Any]:
        """A token of a login link for a user: good once, for a day. The page is ``/login?token=…``."""
        token = new_link_token()

        def work(session: Session) -> None:
            add_link(session, token, users.require_changeable(session, request.user, call.identity).id)

        await self._realm.accounts.change(work)
        audit.changed(call, "login link made", user=request.user)
        return {"token": token, "path": f"/login?token={token}"}

    async def get_token_for_user(self, call: Call, request: r.TokenForUserRequest) -> dict[str, Any]:
        """A token of another user."""
        account = await self._realm.accounts.find(By.ID, request.user)
        if account is None or account.disabled or request.company not in (None, account.company):
            raise invalid_id("user", request.user)
        return {"token": self._realm.tokens.issue(account.identity(call.identity.role), request.expiration_sec)}

    async def validate_token(self, call: Call, request: r.TokenRequest) -> dict[str, Any]:
        """Whether a token is good, and whose it is."""
        try:
            found = await self._realm.check_token(request.token)
        except ApiError as error:
            if error.code != 401:
                raise
            return {"valid": False, "msg": error.message}
        return {"valid": True, "user": found.user, "company": found.company, "msg": ""}

    async def fixed_users_mode(self, call: Call, request: Any) -> dict[str, Any]:
        """Users log in with a name and a password; there are no guests."""
        return {"enabled": True, "guest": {"enabled": False}, "server_errors": {}}


def own_user(session: Session, identity: Identity) -> User:
    """The caller as a user; raises 400/301 for identities of the system and protected users."""
    user = users.require_user(session, identity.user)
    if user.protected:
        raise ApiError(400, 301, "Invalid user id (the user is protected)", id=user.id)
    return user


def find_credential(session: Session, user_id: str, access_key: str) -> Credential | None:
    """The user's credential with that access key."""
    return session.exec(select(Credential).where(Credential.user == user_id, Credential.access_key == access_key)).first()


def shown_credentials(session: Session, user_id: str) -> list[dict[str, Any]]:
    """What is shown of a user's credentials. Clients expect ``last_used`` without an offset."""
    rows = session.exec(select(Credential).where(Credential.user == user_id).order_by(col(Credential.num))).all()
    return [shown_credential(row) for row in rows]


def shown_credential(row: Credential) -> dict[str, Any]:
    """What is shown of a credential; ``role`` and ``expires`` only where there are such limits."""
    shown = {
        "access_key": row.access_key,
        "label": row.label,
        "last_used": clock.iso(row.last_used).removesuffix("+00:00") if row.last_used else None,
        "last_used_from": row.last_used_from,
    }
    limits = {"role": row.role, "expires": row.expires}
    return shown | {name: value for name, value in limits.items() if value is not None}


def check_label(label: str | None) -> str | None:
    """The label, if it isn't too long (400/12)."""
    if len(label or "") > LONGEST_LABEL:
        raise validation("label", f"expected at most {LONGEST_LABEL} characters")
    return label
