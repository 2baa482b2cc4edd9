"""Workers: agents that pull tasks from queues."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel
from trackyard.core.entities.columns import BigInt, CleanText, JsonDocument, TagList, UtcDateTime


class Worker(SQLModel, table=True):
    """A worker that registered or reported. It counts as gone ``timeout`` seconds after ``last_activity_time``."""

    __tablename__ = "workers"
    __table_args__ = (UniqueConstraint("company", "id"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(sa_type=CleanText)
    company: str = ""
    user: str | None = None
    ip: str | None = None
    key: str | None = None
    timeout: int = 600
    register_time: datetime = Field(sa_type=UtcDateTime)
    last_activity_time: datetime = Field(sa_type=UtcDateTime, index=True)
    last_report_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    task: str | None = Field(default=None, index=True)
    project: str | None = None
    queue: str | None = None
    queues: list[str] = Field(default_factory=list, sa_type=JsonDocument)
    tags: list[str] = Field(default_factory=list, sa_type=TagList)
    system_tags: list[str] = Field(default_factory=list, sa_type=TagList)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    """What else the last report said, as it was sent."""


class ServingContainer(SQLModel, table=True):
    """An instance that serves a model. It counts as gone ``timeout`` seconds after ``last_activity_time``."""

    __tablename__ = "serving_containers"
    __table_args__ = (UniqueConstraint("company", "id"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(sa_type=CleanText)
    company: str = ""
    user: str | None = None
    endpoint_name: str | None = Field(default=None, sa_type=CleanText)
    endpoint_url: str | None = Field(default=None, sa_type=CleanText)
    timeout: int = 600
    register_time: datetime = Field(sa_type=UtcDateTime)
    last_activity_time: datetime = Field(sa_type=UtcDateTime, index=True)
    registration: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    """The body of the registration, as it was sent."""
    status: dict[str, Any] = Field(default_factory=dict, sa_type=JsonDocument)
    """The body of the last report, as it was sent."""
