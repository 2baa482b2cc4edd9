"""Requests of the service ``applications``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from trackyard.core.protocol.requests import Request

Port = Annotated[int, msgspec.Meta(ge=1024, le=65535)]
Secret = Annotated[str, msgspec.Meta(min_length=32, max_length=200)]


class RegisterRequest(Request, kw_only=True):
    """The application of a running task listens, or is about to, on ``port`` of the address from which this call comes.

    The server asks that port for a proof: the HMAC-SHA256 of a number that it chooses, with ``secret`` as the key.
    ``only_owner``: nobody but the task's owner and administrators may open it.
    """

    task: str
    port: Port
    secret: Secret
    only_owner: bool = False


class OpenRequest(Request, kw_only=True):
    """Somebody wants to see the application of a task; ``start`` puts the task into its queue if it does not run."""

    task: str
    start: bool = False
