"""Identifiers: 32 lower-case hexadecimal digits without dashes, which clients put into paths and patterns."""

import secrets


def new_id() -> str:
    """A new random identifier."""
    return secrets.token_hex(16)
