"""Who calls, and what a route or an endpoint asks of the caller."""

from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b"
ADMIN_ROLES = frozenset({"system", "root", "admin"})
ROLES = ("system", "root", "admin", "superuser", "user", "annotator", "guest")
"""From the role that may most to the one that may least."""


@dataclass(frozen=True)
class Identity:
    """The caller: a user with a role, or a service of the system.

    ``via`` tells how it was shown: ``basic``, ``bearer``, ``cookie`` or ``internal``.
    ``acting`` is the user whose credentials were shown when another one is impersonated.
    """

    user: str
    name: str
    role: str = "user"
    company: str = DEFAULT_COMPANY
    company_name: str = "trackyard"
    via: str = "internal"
    acting: str | None = None
    claims: dict[str, object] = field(default_factory=dict, compare=False, hash=False)

    @property
    def is_admin(self) -> bool:
        """Whether the role may administer the server."""
        return self.role in ADMIN_ROLES


SYSTEM = Identity(user="__system__", name="Trackyard", role="system")
ANONYMOUS = Identity(user="", name="", role="guest", via="anonymous")


def narrower(role: str, other: str | None) -> str:
    """The one of two roles that may less; an unknown role may least."""
    if other is None:
        return role
    return max(role, other, key=lambda name: ROLES.index(name) if name in ROLES else len(ROLES))


class Access(StrEnum):
    """How credentials are treated: not looked at, used when present, or required."""

    PUBLIC = "public"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class Permission:
    """What a route or an endpoint asks: an access and, if not everybody, the roles that may."""

    access: Access
    roles: frozenset[str] = frozenset(ROLES)

    def allows(self, identity: Identity) -> bool:
        """Whether the identity's role is among those that may."""
        return identity.role in self.roles


PUBLIC = Permission(Access.PUBLIC)
OPTIONAL = Permission(Access.OPTIONAL)
USER = Permission(Access.REQUIRED)
ADMIN = Permission(Access.REQUIRED, ADMIN_ROLES)


def roles(*names: str) -> Permission:
    """Credentials of one of these roles are required."""
    unknown = set(names) - set(ROLES)
    if unknown:
        raise ValueError(f"no such role: {', '.join(sorted(unknown))}; roles are {', '.join(ROLES)}")
    return Permission(Access.REQUIRED, frozenset(names))
