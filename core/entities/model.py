"""Models."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel
from trackyard.core.entities import fields as f
from trackyard.core.entities.columns import BigInt, CleanText, TagList, UtcDateTime
from trackyard.core.entities.fields import Filter, Kind, Storage
from trackyard.core.entities.values import ModelDocument, ModelMetric, ModelValue


class Model(SQLModel, table=True):
    """The flat part of a model; design, labels and metadata are in ``ModelDocument``."""

    __tablename__ = "models"
    __table_args__ = (Index("ix_models_project_last_update", "project", "last_update"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(unique=True)
    company: str = ""
    user: str | None = Field(default=None, index=True)
    name: str = Field(sa_type=CleanText, index=True)
    project: str | None = None
    task: str | None = Field(default=None, index=True)
    parent: str | None = Field(default=None, index=True)
    uri: str | None = Field(default=None, sa_type=CleanText)
    framework: str | None = Field(default=None, sa_type=CleanText)
    ready: bool = True
    created: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_update: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_change: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_changed_by: str | None = None
    last_iteration: int | None = Field(default=None, sa_type=BigInt)
    company_origin: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=TagList)
    system_tags: list[str] = Field(default_factory=list, sa_type=TagList)
    comment: str | None = Field(default=None, sa_type=CleanText)


MODEL = Kind(
    name="model",
    plural="models",
    table=Model,
    documents=ModelDocument,
    values=ModelValue,
    metrics=ModelMetric,
    searched=("name", "id", "comment", "uri"),
    fields=f.field_table(
        f.text("id", Filter.LIST),
        f.text("company", refers="company"),
        f.text("user", Filter.LIST, refers="user"),
        f.text("name", Filter.REGEX),
        f.text("comment", Filter.REGEX),
        f.text("project", Filter.LIST, refers="project"),
        f.text("task", Filter.LIST, refers="task"),
        f.text("parent", Filter.LIST, refers="model"),
        f.text("uri", Filter.LIST, tells=True),
        f.text("framework", Filter.LIST, tells=True),
        f.text("ready", Filter.EQUAL, tells=True),
        f.date("created"),
        f.date("last_update", Filter.DATES),
        f.date("last_change", Filter.DATES),
        f.text("last_changed_by", Filter.LIST),
        f.number("last_iteration", tells=True),
        f.text("company_origin", unasked=False),
        f.tag_list("tags"),
        f.tag_list("system_tags"),
        f.document("design", tells=True),
        f.document("labels", tells=True),
        f.document("metadata", tells=True, flatten=f.leaves("value")),
        f.document("ui_cache", unasked=False),
        f.Field("last_metrics", storage=Storage.METRICS, empty=dict, tells=True),
        f.Field("unique_metrics", storage=Storage.METRICS, empty=list, unasked=False),
    ),
)
