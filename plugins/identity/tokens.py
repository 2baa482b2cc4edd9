"""Tokens: JSON Web Tokens that the server signs (HS256), and one-time links.

Clients read the claims of a token without checking it: they learn from it the versions of API and server.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jwt
from trackyard.core.errors import unauthorized, validation
from trackyard.core.identity import Identity
from trackyard.core.ids import new_id
from trackyard.core.key_file import read_or_make
from trackyard.core.protocol.version import NEWEST

SERVER_VERSION = "2.0.0"
"""The version of the protocol's reference server whose behaviour clients may expect."""
SERVER_BUILD = f"trackyard-{version('trackyard')}"
"""What clients show as the server's build."""
LONGEST = 31_536_000
"""Seconds that a token may live."""
SHORTEST_KEY = 32
MOST_REMEMBERED = 2_000
KEY_FILE = "token.key"
ALGORITHM = "HS256"
REQUIRED = ["exp", "iat", "issued", "session_id", "identity"]
Claims = dict[str, Any]
log = logging.getLogger(__name__)


class BadKey(Exception):
    """The key that signs tokens can't be used; the message says why, and not what it is."""


def read_keys(setting: str, data_dir: Path) -> list[bytes]:
    """The keys: the first one signs. Without the setting they are in a file that is made here, for the owner's eyes only."""
    words = (setting or read_or_make(data_dir / KEY_FILE, _new_key).decode()).split()
    if not words or any(len(word) < SHORTEST_KEY for word in words):
        place = "identity.token_key" if setting else str(data_dir / KEY_FILE)
        raise BadKey(f"{place}: found a key that is too short; expected at least {SHORTEST_KEY} characters")
    return [blake2b(word.encode(), person=b"trackyard-token", digest_size=32).digest() for word in words]


def _new_key() -> bytes:
    return f"{secrets.token_hex(32)}\n".encode()


class Tokens:
    """Issues and reads tokens; the last ones that were checked are remembered, so that each call costs little."""

    def __init__(self, keys: list[bytes], seconds: int) -> None:
        """``seconds`` is how long a token lives unless asked otherwise."""
        self._keys = keys
        self._seconds = seconds
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, identity: Identity, expiration: int | None = None, **more: Any) -> str:
        """A token for ``identity`` that ends in ``expiration`` seconds; ``more`` are further claims."""
        seconds = self.lifetime(expiration)
        moment = time.time()
        claims = {
            "iat": int(moment),
            "exp": int(moment) + seconds,
            "issued": int(moment * 1000),
            "api_version": str(NEWEST),
            "server_version": SERVER_VERSION,
            "server_build": SERVER_BUILD,
            "feature_set": "basic",
            "env": "trackyard",
            "auth_type": "Bearer",
            "session_id": new_id(),
            "identity": {
                "user": identity.user,
                "company": identity.company,
                "role": identity.role,
                "user_name": identity.name,
                "company_name": identity.company_name,
            },
        }
        return jwt.encode({**claims, **more}, self._keys[0], ALGORITHM)

    def lifetime(self, expiration: int | None) -> int:
        """Seconds that a token lives; raises `ApiError` 400/12 for more than a year. Zero and less give an expired one."""
        if expiration is None:
            return self._seconds
        if expiration > LONGEST:
            raise validation("expiration_sec", f"expected at most {LONGEST}, found {expiration}")
        return max(expiration, -LONGEST)

    def read(self, token: str) -> Claims:
        """The claims of a token of this server; raises `ApiError` 401/30 for any other and for an expired one."""
        claims = self._read.get(token)
        if claims is None:
            claims = self._checked(token)
            self._read[token] = claims
            if len(self._read) > MOST_REMEMBERED:
                self._read.popitem(last=False)
        if claims["exp"] <= time.time():
            raise unauthorized(30, "Unauthorized (token expired)")
        return claims

    def _checked(self, token: str) -> Claims:
        for key in self._keys:
            try:
                claims: Claims = jwt.decode(token, key, algorithms=[ALGORITHM], options={"require": REQUIRED})
            except jwt.ExpiredSignatureError:
                raise unauthorized(30, "Unauthorized (token expired)") from None
            except jwt.PyJWTError:
                continue
            return claims
        raise unauthorized(30, "Unauthorized (invalid token)")
