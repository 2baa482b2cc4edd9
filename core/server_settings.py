"""The kernel's own tables of ``plugins.toml``: ``[server]`` and ``[storage]``."""

import msgspec


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[server]``: where the sites listen, how they are reached, and limits.

    ``public_*`` URLs are what clients are told when the server stands behind a proxy. ``path_prefix`` is the path under
    which a proxy shows the web site. ``trusted_proxies`` are addresses whose ``X-Forwarded-For`` is believed. ``max_body``
    is the greatest body, in bytes, of a batch of events, ``max_call`` that of any other call. A connection may be idle,
    or take to send the head of a request, for ``idle_seconds``. With ``open_metrics`` everybody may read ``/metrics``, not
    only users and programs on this machine.
    """

    host: str = "127.0.0.1"
    api_port: int = 8008
    web_port: int = 8080
    files_port: int = 8081
    path_prefix: str = ""
    public_api: str = ""
    public_web: str = ""
    public_files: str = ""
    allowed_origins: list[str] = []
    trusted_proxies: list[str] = []
    max_body: int = 512 * 2**20
    max_call: int = 64 * 2**20
    idle_seconds: float = 75.0
    open_metrics: bool = False
    drain_seconds: float = 10.0


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[storage]``: a URL for each store; the scheme chooses the backend.

    ``sqlite:`` and ``postgresql://…`` for documents, ``embedded:`` for events, ``file:`` or ``s3://…`` for files. Without a
    path they live in the data directory.
    """

    metadata: str = "sqlite:"
    events: str = "embedded:"
    files: str = "file:"
