"""Side tables: what can be filtered and sorted, as rows with numbers for keys.

A row says: the entity ``owner`` has ``text`` (and ``number``, if the text is one) at ``path``. Paths are interned in
``field_paths``, the names of metrics in ``metric_names``, so that the rows and their indexes stay small.
"""

from typing import ClassVar

from sqlalchemy import Float, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel
from trackyard.core.entities.columns import BigInt, CleanText


class FieldPath(SQLModel, table=True):
    """A dotted, escaped path such as ``hyperparams.Args.lr.value``."""

    __tablename__ = "field_paths"
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    path: str = Field(sa_type=CleanText, unique=True)


class MetricName(SQLModel, table=True):
    """A metric and a variant with the MD5 of each name, which are the keys of ``last_metrics``."""

    __tablename__ = "metric_names"
    __table_args__ = (UniqueConstraint("metric_hash", "variant_hash"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    metric_hash: str
    variant_hash: str
    metric: str = Field(sa_type=CleanText)
    variant: str = Field(sa_type=CleanText)


class ValueRow(SQLModel):
    """Columns of a side table of values. ``number`` is infinite when the text is not a number: those sort behind."""

    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    path: int = Field(sa_type=BigInt)
    number: float = Field(sa_type=Float)
    text: str = Field(sa_type=CleanText)


def _value_args(entity: str) -> tuple[Index, Index]:
    table = f"{entity}_values"
    return (Index(f"ix_{table}_order", "path", "number", "text", "owner"), Index(f"ix_{table}_owner", "owner"))


def _owner(table: str, primary_key: bool = False) -> int:
    owner: int = Field(
        sa_type=BigInt,
        primary_key=primary_key,
        sa_column_args=[ForeignKey(f"{table}.num", ondelete="CASCADE")],
        sa_column_kwargs={"autoincrement": False},
    )
    return owner


class TaskValue(ValueRow, table=True):
    """Values of tasks: tags, hyperparameters, runtime, script, models…"""

    __tablename__ = "task_values"
    __table_args__ = _value_args("task")
    owner: int = _owner("tasks")


class ModelValue(ValueRow, table=True):
    """Values of models: tags and metadata."""

    __tablename__ = "model_values"
    __table_args__ = _value_args("model")
    owner: int = _owner("models")


class ProjectValue(ValueRow, table=True):
    """Values of projects: tags and the ids of all ancestors."""

    __tablename__ = "project_values"
    __table_args__ = _value_args("project")
    owner: int = _owner("projects")


class QueueValue(ValueRow, table=True):
    """Values of queues: tags and metadata."""

    __tablename__ = "queue_values"
    __table_args__ = _value_args("queue")
    owner: int = _owner("queues")


class DocumentRow(SQLModel):
    """A JSON document of an entity."""

    field: str = Field(primary_key=True)
    value: str = Field(sa_type=CleanText)


class TaskDocument(DocumentRow, table=True):
    """Nested documents of tasks: script, execution, hyperparams, configuration…"""

    __tablename__ = "task_documents"
    __table_args__ = (PrimaryKeyConstraint("owner", "field"),)
    owner: int = _owner("tasks", primary_key=True)


class ModelDocument(DocumentRow, table=True):
    """Nested documents of models: design, labels, metadata."""

    __tablename__ = "model_documents"
    __table_args__ = (PrimaryKeyConstraint("owner", "field"),)
    owner: int = _owner("models", primary_key=True)


class QueueDocument(DocumentRow, table=True):
    """Nested documents of queues: metadata."""

    __tablename__ = "queue_documents"
    __table_args__ = (PrimaryKeyConstraint("owner", "field"),)
    owner: int = _owner("queues", primary_key=True)


class UserDocument(DocumentRow, table=True):
    """Nested documents of users: preferences, providers."""

    __tablename__ = "user_documents"
    __table_args__ = (PrimaryKeyConstraint("owner", "field"),)
    owner: int = _owner("users", primary_key=True)


class MetricRow(SQLModel):
    """The last, least, greatest and first value of one variant, with the iterations they belong to."""

    VALUES: ClassVar[tuple[str, ...]] = (
        "value",
        "min_value",
        "min_value_iteration",
        "max_value",
        "max_value_iteration",
        "first_value",
        "first_value_iteration",
        "count",
        "mean_value",
        "x_axis_label",
    )
    name: int = Field(primary_key=True, sa_type=BigInt, sa_column_kwargs={"autoincrement": False})
    value: float | None = None
    min_value: float | None = None
    min_value_iteration: int | None = Field(default=None, sa_type=BigInt)
    max_value: float | None = None
    max_value_iteration: int | None = Field(default=None, sa_type=BigInt)
    first_value: float | None = None
    first_value_iteration: int | None = Field(default=None, sa_type=BigInt)
    count: int | None = Field(default=None, sa_type=BigInt)
    mean_value: float | None = None
    x_axis_label: str | None = Field(default=None, sa_type=CleanText)


def _metric_args(entity: str) -> tuple[PrimaryKeyConstraint | Index, ...]:
    table = f"{entity}_metrics"
    orders = [Index(f"ix_{table}_{column}", "name", column, "owner") for column in ("value", "min_value", "max_value")]
    return (PrimaryKeyConstraint("owner", "name"), *orders)


class TaskMetric(MetricRow, table=True):
    """``last_metrics`` of tasks."""

    __tablename__ = "task_metrics"
    __table_args__ = _metric_args("task")
    owner: int = _owner("tasks", primary_key=True)


class ModelMetric(MetricRow, table=True):
    """``last_metrics`` of models."""

    __tablename__ = "model_metrics"
    __table_args__ = _metric_args("model")
    owner: int = _owner("models", primary_key=True)
