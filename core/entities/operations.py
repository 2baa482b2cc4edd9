"""What the server itself remembers: scrolls, downloads, deletions, settings, leases, saved views."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel
from trackyard.core.entities.columns import BigInt, CleanText, JsonDocument, UtcDateTime


class Scroll(SQLModel, table=True):
    """The state of a list that is read page by page; it may go at ``expires``."""

    __tablename__ = "scrolls"
    id: str = Field(primary_key=True)
    kind: str
    user: str | None = None
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    expires: datetime = Field(sa_type=UtcDateTime, index=True)


class PreparedDownload(SQLModel, table=True):
    """A list that somebody asked to download as a file."""

    __tablename__ = "prepared_downloads"
    id: str = Field(primary_key=True)
    company: str = ""
    user: str | None = None
    request: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    created: datetime = Field(sa_type=UtcDateTime)
    expires: datetime = Field(sa_type=UtcDateTime, index=True)


class FileDeletion(SQLModel, table=True):
    """A file that lost its owner and is to be removed; kept with the reason when that fails."""

    __tablename__ = "file_deletions"
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    url: str = Field(sa_type=CleanText)
    company: str = ""
    user: str | None = None
    task: str | None = Field(default=None, index=True)
    status: str = Field(default="waiting", index=True)
    """``waiting``, ``failed`` (given up), ``elsewhere`` (not ours to delete) or ``done``."""
    created: datetime = Field(sa_type=UtcDateTime)
    next_attempt: datetime = Field(sa_type=UtcDateTime, index=True)
    attempts: int = 0
    size: int | None = Field(default=None, sa_type=BigInt)
    error: str | None = Field(default=None, sa_type=CleanText)


class StorageSettings(SQLModel, table=True):
    """Access to object storage that an administrator stored; secrets are encrypted by whoever writes them."""

    __tablename__ = "storage_settings"
    company: str = Field(primary_key=True)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    last_update: datetime = Field(sa_type=UtcDateTime)


class KeyValue(SQLModel, table=True):
    """State of plugins: a JSON value by scope (the plugin's name) and key, with a version for optimistic checks."""

    __tablename__ = "key_values"
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=JsonDocument)
    version: int = Field(default=1, sa_type=BigInt)
    updated: datetime = Field(sa_type=UtcDateTime)


class Lease(SQLModel, table=True):
    """Who leads a piece of work until ``expires``. ``fence`` grows with each new holder and never repeats."""

    __tablename__ = "leases"
    name: str = Field(primary_key=True)
    holder: str
    fence: int = Field(default=1, sa_type=BigInt)
    expires: datetime = Field(sa_type=UtcDateTime)


class SavedView(SQLModel, table=True):
    """A table's columns, filters and order under a name; ``shared`` ones are seen by everybody."""

    __tablename__ = "saved_views"
    id: str = Field(primary_key=True)
    company: str = ""
    user: str = Field(index=True)
    page: str
    name: str = Field(sa_type=CleanText)
    query: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    shared: bool = False
    created: datetime = Field(sa_type=UtcDateTime)
    last_update: datetime = Field(sa_type=UtcDateTime)
