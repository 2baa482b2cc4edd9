"""Queues and the tasks that wait in them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlmodel import Field, SQLModel
from trackyard.core.entities import fields as f
from trackyard.core.entities.columns import BigInt, CleanText, TagList, UtcDateTime
from trackyard.core.entities.fields import Filter, Kind, Storage
from trackyard.core.entities.values import QueueDocument, QueueValue


class Queue(SQLModel, table=True):
    """A queue; its entries are in ``QueueEntry``, its metadata in ``QueueDocument``."""

    __tablename__ = "queues"
    __table_args__ = (UniqueConstraint("company", "name"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(unique=True)
    company: str = ""
    user: str | None = None
    name: str = Field(sa_type=CleanText)
    display_name: str | None = Field(default=None, sa_type=CleanText)
    created: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_update: datetime | None = Field(default=None, sa_type=UtcDateTime)
    company_origin: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=TagList)
    system_tags: list[str] = Field(default_factory=list, sa_type=TagList)


class QueueEntry(SQLModel, table=True):
    """A task that waits in a queue. Lower ``position`` is pulled first; positions need not be neighbours or positive."""

    __tablename__ = "queue_entries"
    __table_args__ = (
        UniqueConstraint("queue", "task"),
        Index("ix_queue_entries_position", "queue", "position"),
    )
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    queue: str = Field(sa_column_args=[ForeignKey("queues.id", ondelete="CASCADE")])
    task: str = Field(index=True)
    added: datetime = Field(sa_type=UtcDateTime)
    position: int = Field(sa_type=BigInt)


QUEUE = Kind(
    name="queue",
    plural="queues",
    table=Queue,
    documents=QueueDocument,
    values=QueueValue,
    hidden_tag="k8s-glue",
    searched=("name", "id", "display_name"),
    fields=f.field_table(
        f.text("id", Filter.LIST),
        f.text("company", refers="company"),
        f.text("user", Filter.LIST, refers="user"),
        f.text("name", Filter.REGEX),
        f.text("display_name", Filter.REGEX),
        f.date("created"),
        f.date("last_update", Filter.DATES),
        f.text("company_origin", unasked=False),
        f.tag_list("tags"),
        f.tag_list("system_tags"),
        f.document("metadata", flatten=f.leaves("value")),
        f.Field("entries", storage=Storage.ENTRIES, empty=list, refers_below={("task",): "task"}),
    ),
)
