"""Tasks."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel
from trackyard.core.entities import fields as f
from trackyard.core.entities.columns import BigInt, CleanText, TagList, UtcDateTime
from trackyard.core.entities.fields import Filter, Kind, Storage
from trackyard.core.entities.values import TaskDocument, TaskMetric, TaskValue

TASK_TYPES = (
    "training",
    "testing",
    "inference",
    "data_processing",
    "application",
    "monitor",
    "controller",
    "report",
    "optimizer",
    "service",
    "qc",
    "custom",
)
TASK_STATUSES = (
    "created",
    "queued",
    "in_progress",
    "stopped",
    "publishing",
    "published",
    "closed",
    "failed",
    "completed",
    "unknown",
)


class Task(SQLModel, table=True):
    """The flat part of a task; nested documents are in ``TaskDocument``, metrics in ``TaskMetric``.

    ``num`` counts tasks in the order of their creation. ``active_duration`` is in seconds.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_project_last_update", "project", "last_update"),
        Index("ix_tasks_status_last_update", "status", "last_update"),
        # statistics of projects are read from this index alone; PostgreSQL refuses long keys and scans in parallel
        Index(
            "ix_tasks_statistics",
            *("project", "status", "system_tags", "type", "company", "user", "started", "completed", "active_duration"),
        ).ddl_if(dialect="sqlite"),
    )
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(unique=True)
    company: str = ""
    user: str | None = Field(default=None, index=True)
    name: str = Field(sa_type=CleanText, index=True)
    type: str = "training"
    status: str = "created"
    project: str | None = None
    parent: str | None = Field(default=None, index=True)
    created: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    started: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    completed: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    published: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    status_changed: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_update: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_change: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_changed_by: str | None = None
    last_iteration: int = Field(default=0, sa_type=BigInt)
    active_duration: int | None = Field(default=None, sa_type=BigInt)
    last_worker: str | None = Field(default=None, sa_type=CleanText)
    last_worker_report: datetime | None = Field(default=None, sa_type=UtcDateTime)
    enqueue_status: str | None = None
    company_origin: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=TagList)
    system_tags: list[str] = Field(default_factory=list, sa_type=TagList)
    status_reason: str | None = Field(default=None, sa_type=CleanText)
    status_message: str | None = Field(default=None, sa_type=CleanText)
    comment: str | None = Field(default=None, sa_type=CleanText)
    report: str | None = Field(default=None, sa_type=CleanText)


def _execution() -> dict[str, Any]:
    return {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []}


def _script() -> dict[str, Any]:
    return {"binary": "python", "repository": "", "entry_point": "", "requirements": {}}


def _models() -> dict[str, Any]:
    return {"input": [], "output": []}


TASK = Kind(
    name="task",
    plural="tasks",
    table=Task,
    documents=TaskDocument,
    values=TaskValue,
    metrics=TaskMetric,
    searched=("name", "id", "comment", "report"),
    fields=f.field_table(
        f.text("id", Filter.LIST),
        f.text("company", refers="company"),
        f.text("user", Filter.LIST, refers="user"),
        f.text("name", Filter.REGEX),
        f.text("type", Filter.LIST),
        f.text("status", Filter.LIST, tells=True),
        f.text("comment", Filter.REGEX),
        f.text("report", Filter.REGEX, tells=True),
        f.document("report_assets", list),
        f.date("created"),
        f.text("project", Filter.LIST, refers="project"),
        f.text("parent", Filter.LIST, refers="task"),
        f.date("started"),
        f.date("completed"),
        f.date("published"),
        f.date("status_changed", Filter.DATES),
        f.text("status_reason", Filter.REGEX),
        f.text("status_message", Filter.REGEX),
        f.date("last_update", Filter.DATES),
        f.date("last_change", Filter.DATES),
        f.text("last_changed_by", Filter.LIST),
        f.number("last_iteration", tells=True),
        f.number("active_duration"),
        f.text("last_worker", Filter.LIST),
        f.date("last_worker_report"),
        f.text("enqueue_status", unasked=False),
        f.text("company_origin", unasked=False),
        f.tag_list("tags"),
        f.tag_list("system_tags"),
        f.document("output", tells=True, flatten=f.scalars),
        f.document(
            "execution",
            _execution,
            tells=True,
            flatten=f.without("artifacts", "model_desc", "model_labels"),
            refers_below={("queue",): "queue"},
        ),
        f.document("script", _script, tells=True, flatten=f.without("diff", "requirements")),
        f.document("hyperparams", tells=True, flatten=f.leaves("value")),
        f.document("configuration", tells=True),
        f.document("container", tells=True, flatten=f.without("setup_shell_script")),
        f.document("runtime", tells=True, flatten=f.scalars),
        f.document(
            "models",
            _models,
            tells=True,
            flatten=f.leaves("model", "name"),
            refers_below={("input", "model"): "model", ("output", "model"): "model"},
        ),
        f.document("metric_stats"),
        f.Field("last_metrics", storage=Storage.METRICS, empty=dict, tells=True),
        f.Field("unique_metrics", storage=Storage.METRICS, empty=list, unasked=False),
    ),
)
