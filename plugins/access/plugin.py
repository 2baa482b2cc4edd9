"""The policy of the administrator's rules, from the table ``[access]``."""

from __future__ import annotations

import msgspec
from trackyard.core.errors import forbidden
from trackyard.core.extension import Policy
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ROLES
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call


class AccessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[access]``: rules that narrow who may call an endpoint.

    ``limits`` maps an endpoint (``tasks.delete``) or a service (``serving.*``) to the roles that may call it; the roles that
    the endpoint itself declares stay in force. The roles are root, admin, superuser, user, annotator, guest; the server's own
    services (system) are never limited.
    """

    limits: dict[str, list[str]] = {}


class RolePolicy:
    """Refuses callers whose role a rule leaves out."""

    def __init__(self, limits: dict[str, frozenset[str]]) -> None:
        self._limits = limits

    async def check(self, call: Call, endpoint: str) -> None:
        """See `Policy.check`."""
        for name in (endpoint, f"{endpoint.partition('.')[0]}.*"):
            allowed = self._limits.get(name)
            if allowed is not None and call.identity.role not in allowed | {"system"}:
                raise forbidden(20, "A rule of the server does not allow this", endpoint=endpoint, role=call.identity.role)


class AccessPlugin(Plugin):
    """Rules of the administrator on who may call what."""

    name = "access"
    summary = "Rules that narrow who may call an endpoint"
    settings_type = AccessSettings

    def __init__(self, settings: AccessSettings) -> None:
        """Raises `ValueError` for a role that there is not: the server then refuses calls and shows why."""
        super().__init__(settings)
        unknown = {role for allowed in settings.limits.values() for role in allowed} - set(ROLES)
        if unknown:
            raise ValueError(f"access.limits: no such role: {', '.join(sorted(unknown))}; roles are {', '.join(ROLES)}")

    @hookimpl
    def trackyard_policies(self) -> list[Policy]:
        """One policy."""
        return [RolePolicy({name: frozenset(allowed) for name, allowed in self.settings.limits.items()})]
