"""Lines of the log that tell who got in, who did not, and who changed users and credentials. They never hold a secret."""

from __future__ import annotations

import logging

from trackyard.core.protocol.endpoint import Call

log = logging.getLogger("trackyard.audit")


def changed(call: Call, what: str, **facts: object) -> None:
    """Somebody did something; ``facts`` are shown quoted, so that a name can't forge a line."""
    who = call.identity
    told = " ".join(f"{name}={value!r}" for name, value in facts.items())
    acting = f" as {who.user!r}" if who.acting else ""
    log.info("%s: user %r%s from %s %s", what, who.acting or who.user, acting, call.remote or "inside", told)


def refused(why: str, name: str, address: str) -> None:
    """Credentials were wrong. ``name`` is that of a user or a key that exists: anything else may be a mistyped password."""
    log.warning("refused: %s for %r from %s", why, name, address)
