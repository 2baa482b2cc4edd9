"""Table ``[identity]`` of ``plugins.toml``."""

import msgspec


class IdentitySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[identity]``: tokens and sessions.

    ``token_key`` signs tokens: at least 32 characters; further keys after spaces are still accepted, so that a key can be
    changed without ending sessions. Without it the server makes a key in ``token.key`` of the data directory, one a line.
    Servers that share a database need the same key. ``token_days`` is how long a session lasts.
    """

    token_key: str = ""
    token_days: float = 30.0
