"""Secrets: API credentials, passwords, and how they are kept.

An API secret is 320 random bits, so a salted BLAKE2b of it can't be turned back and is checked in microseconds. A password
is chosen by a person, so argon2id makes each guess cost what OWASP advises: 19 MiB and two passes.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import string
from hashlib import blake2b

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from trackyard.core.errors import busy, validation

KEY_LENGTH = 30
KEY_LETTERS = string.ascii_uppercase + string.digits
ACCESS_KEY = re.compile(rf"[A-Z0-9]{{{KEY_LENGTH}}}", re.ASCII)
SECRET_BYTES = 40
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024
HASHING = 2
"""Passwords hashed at once: each takes 19 MiB and a core."""
WAITING = 64
"""Passwords that may wait for their turn; more are told to come back."""


def new_access_key() -> str:
    """A new access key: 30 characters of A-Z and 0-9."""
    return "".join(secrets.choice(KEY_LETTERS) for _ in range(KEY_LENGTH))


def new_secret() -> str:
    """A new secret of an access key: 54 URL-safe characters."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """What is kept of a secret: ``salt:digest``."""
    salt = secrets.token_hex(16)
    return f"{salt}:{_digest(salt, secret)}"


def secret_matches(secret_hash: str, secret: str) -> bool:
    """Whether it is the secret, in a time that doesn't depend on how much of it is right."""
    salt, _, digest = secret_hash.partition(":")
    return hmac.compare_digest(_digest(salt, secret), digest)


def _digest(salt: str, secret: str) -> str:
    return blake2b(secret.encode(), key=salt.encode(), digest_size=32).hexdigest()


def check_password(password: str) -> str:
    """The password, if it may be one; raises `ApiError` 400/12."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise validation("password", f"expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, found {len(password)}")
    return password


class Passwords:
    """Hashes and checks passwords in threads, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
        self._turn = asyncio.Semaphore(HASHING)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; without a hash the answer is no, after the same time. 429 when too many wait."""
        if self._waiting >= WAITING:
            raise busy("Too many logins at once", retry_after=2)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._matches, password_hash, password[:LONGEST_PASSWORD])
        finally:
            self._waiting -= 1

    def _matches(self, password_hash: str | None, password: str) -> bool:
        if not self._nobody:
            self._nobody = self._hasher.hash(secrets.token_hex(8))
        try:
            return self._hasher.verify(password_hash or self._nobody, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False
