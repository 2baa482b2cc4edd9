"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger()
"""Milliseconds since 1970."""
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.Text()
TAGS = sa.Text()


def upgrade() -> None:
    """Create every table."""
    _companies()
    _credentials()
    _field_paths()
    _file_deletions()
    _key_values()
    _leases()
    _metric_names()
    _models()
    _prepared_downloads()
    _projects()
    _queues()
    _revoked_sessions()
    _saved_views()
    _scrolls()
    _serving_containers()
    _storage_settings()
    _tasks()
    _users()
    _workers()
    _model_documents()
    _model_metrics()
    _model_values()
    _project_values()
    _queue_documents()
    _queue_entries()
    _queue_values()
    _task_documents()
    _task_metrics()
    _task_values()
    _user_documents()


def _companies() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("num", BIG, nullable=False),
        sa.Column("access_key", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=True),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("last_used_from", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("access_key"),
    )
    op.create_index("ix_credentials_user", "credentials", ["user"])


def _field_paths() -> None:
    op.create_table(
        "field_paths",
        sa.Column("num", BIG, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("path"),
    )


def _file_deletions() -> None:
    op.create_table(
        "file_deletions",
        sa.Column("num", BIG, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("next_attempt", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("size", BIG, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("num"),
    )
    op.create_index("ix_file_deletions_next_attempt", "file_deletions", ["next_attempt"])
    op.create_index("ix_file_deletions_status", "file_deletions", ["status"])
    op.create_index("ix_file_deletions_task", "file_deletions", ["task"])


def _key_values() -> None:
    op.create_table(
        "key_values",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _metric_names() -> None:
    op.create_table(
        "metric_names",
        sa.Column("num", BIG, nullable=False),
        sa.Column("metric_hash", sa.String(), nullable=False),
        sa.Column("variant_hash", sa.String(), nullable=False),
        sa.Column("metric", TEXT, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("metric_hash", "variant_hash"),
    )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("framework", TEXT, nullable=True),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=True),
        sa.Column("last_update", TIME, nullable=True),
        sa.Column("last_change", TIME, nullable=True),
        sa.Column("last_changed_by", sa.String(), nullable=True),
        sa.Column("last_iteration", BIG, nullable=True),
        sa.Column("company_origin", sa.String(), nullable=True),
        sa.Column("tags", TAGS, nullable=False),
        sa.Column("system_tags", TAGS, nullable=False),
        sa.Column("comment", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_models_created", "models", ["created"])
    op.create_index("ix_models_last_change", "models", ["last_change"])
    op.create_index("ix_models_last_update", "models", ["last_update"])
    op.create_index("ix_models_name", "models", ["name"])
    op.create_index("ix_models_parent", "models", ["parent"])
    op.create_index("ix_models_project_last_update", "models", ["project", "last_update"])
    op.create_index("ix_models_task", "models", ["task"])
    op.create_index("ix_models_user", "models", ["user"])


def _prepared_downloads() -> None:
    op.create_table(
        "prepared_downloads",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("request", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_prepared_downloads_expires", "prepared_downloads", ["expires"])


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("basename", TEXT, nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("path", JSON, nullable=False),
        sa.Column("created", TIME, nullable=True),
        sa.Column("last_update", TIME, nullable=True),
        sa.Column("featured", sa.Integer(), nullable=True),
        sa.Column("default_output_destination", TEXT, nullable=True),
        sa.Column("company_origin", sa.String(), nullable=True),
        sa.Column("tags", TAGS, nullable=False),
        sa.Column("system_tags", TAGS, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("logo", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("company", "name"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_projects_basename", "projects", ["basename"])
    op.create_index("ix_projects_created", "projects", ["created"])
    op.create_index("ix_projects_last_update", "projects", ["last_update"])
    op.create_index("ix_projects_parent", "projects", ["parent"])


def _queues() -> None:
    op.create_table(
        "queues",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=True),
        sa.Column("created", TIME, nullable=True),
        sa.Column("last_update", TIME, nullable=True),
        sa.Column("company_origin", sa.String(), nullable=True),
        sa.Column("tags", TAGS, nullable=False),
        sa.Column("system_tags", TAGS, nullable=False),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("company", "name"),
        sa.UniqueConstraint("id"),
    )


def _revoked_sessions() -> None:
    op.create_table(
        "revoked_sessions",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("session"),
    )
    op.create_index("ix_revoked_sessions_expires", "revoked_sessions", ["expires"])


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("query", JSON, nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_update", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_saved_views_user", "saved_views", ["user"])


def _scrolls() -> None:
    op.create_table(
        "scrolls",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("state", JSON, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_scrolls_expires", "scrolls", ["expires"])


def _serving_containers() -> None:
    op.create_table(
        "serving_containers",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("endpoint_name", TEXT, nullable=True),
        sa.Column("endpoint_url", TEXT, nullable=True),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("register_time", TIME, nullable=False),
        sa.Column("last_activity_time", TIME, nullable=False),
        sa.Column("registration", JSON, nullable=False),
        sa.Column("status", JSON, nullable=False),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("company", "id"),
    )
    op.create_index("ix_serving_containers_last_activity_time", "serving_containers", ["last_activity_time"])


def _storage_settings() -> None:
    op.create_table(
        "storage_settings",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("last_update", TIME, nullable=False),
        sa.PrimaryKeyConstraint("company"),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("created", TIME, nullable=True),
        sa.Column("started", TIME, nullable=True),
        sa.Column("completed", TIME, nullable=True),
        sa.Column("published", TIME, nullable=True),
        sa.Column("status_changed", TIME, nullable=True),
        sa.Column("last_update", TIME, nullable=True),
        sa.Column("last_change", TIME, nullable=True),
        sa.Column("last_changed_by", sa.String(), nullable=True),
        sa.Column("last_iteration", BIG, nullable=False),
        sa.Column("active_duration", BIG, nullable=True),
        sa.Column("last_worker", TEXT, nullable=True),
        sa.Column("last_worker_report", TIME, nullable=True),
        sa.Column("enqueue_status", sa.String(), nullable=True),
        sa.Column("company_origin", sa.String(), nullable=True),
        sa.Column("tags", TAGS, nullable=False),
        sa.Column("system_tags", TAGS, nullable=False),
        sa.Column("status_reason", TEXT, nullable=True),
        sa.Column("status_message", TEXT, nullable=True),
        sa.Column("comment", TEXT, nullable=True),
        sa.Column("report", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_tasks_completed", "tasks", ["completed"])
    op.create_index("ix_tasks_created", "tasks", ["created"])
    op.create_index("ix_tasks_last_change", "tasks", ["last_change"])
    op.create_index("ix_tasks_last_update", "tasks", ["last_update"])
    op.create_index("ix_tasks_name", "tasks", ["name"])
    op.create_index("ix_tasks_parent", "tasks", ["parent"])
    op.create_index("ix_tasks_project_last_update", "tasks", ["project", "last_update"])
    op.create_index("ix_tasks_published", "tasks", ["published"])
    op.create_index("ix_tasks_started", "tasks", ["started"])
    if op.get_context().dialect.name == "sqlite":
        columns = ["project", "status", "system_tags", "type", "company", "user", "started", "completed", "active_duration"]
        op.create_index("ix_tasks_statistics", "tasks", columns)
    op.create_index("ix_tasks_status_changed", "tasks", ["status_changed"])
    op.create_index("ix_tasks_status_last_update", "tasks", ["status", "last_update"])
    op.create_index("ix_tasks_user", "tasks", ["user"])


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("username", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("given_name", TEXT, nullable=True),
        sa.Column("family_name", TEXT, nullable=True),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("avatar", TEXT, nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created", TIME, nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("last_login", TIME, nullable=True),
        sa.Column("sessions_from", TIME, nullable=True),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("username"),
    )
    op.create_index("ix_users_email", "users", ["email"])
    op.create_index("ix_users_name", "users", ["name"])


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("num", BIG, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("register_time", TIME, nullable=False),
        sa.Column("last_activity_time", TIME, nullable=False),
        sa.Column("last_report_time", TIME, nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("queues", JSON, nullable=False),
        sa.Column("tags", TAGS, nullable=False),
        sa.Column("system_tags", TAGS, nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("company", "id"),
    )
    op.create_index("ix_workers_last_activity_time", "workers", ["last_activity_time"])
    op.create_index("ix_workers_task", "workers", ["task"])


def _model_documents() -> None:
    op.create_table(
        "model_documents",
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["models.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "field"),
    )


def _model_metrics() -> None:
    op.create_table(
        "model_metrics",
        sa.Column("name", BIG, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("min_value", sa.Float(), nullable=True),
        sa.Column("min_value_iteration", BIG, nullable=True),
        sa.Column("max_value", sa.Float(), nullable=True),
        sa.Column("max_value_iteration", BIG, nullable=True),
        sa.Column("first_value", sa.Float(), nullable=True),
        sa.Column("first_value_iteration", BIG, nullable=True),
        sa.Column("count", BIG, nullable=True),
        sa.Column("mean_value", sa.Float(), nullable=True),
        sa.Column("x_axis_label", TEXT, nullable=True),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["models.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "name"),
    )
    op.create_index("ix_model_metrics_max_value", "model_metrics", ["name", "max_value", "owner"])
    op.create_index("ix_model_metrics_min_value", "model_metrics", ["name", "min_value", "owner"])
    op.create_index("ix_model_metrics_value", "model_metrics", ["name", "value", "owner"])


def _model_values() -> None:
    op.create_table(
        "model_values",
        sa.Column("num", BIG, nullable=False),
        sa.Column("path", BIG, nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["models.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("num"),
    )
    op.create_index("ix_model_values_order", "model_values", ["path", "number", "text", "owner"])
    op.create_index("ix_model_values_owner", "model_values", ["owner"])


def _project_values() -> None:
    op.create_table(
        "project_values",
        sa.Column("num", BIG, nullable=False),
        sa.Column("path", BIG, nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["projects.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("num"),
    )
    op.create_index("ix_project_values_order", "project_values", ["path", "number", "text", "owner"])
    op.create_index("ix_project_values_owner", "project_values", ["owner"])


def _queue_documents() -> None:
    op.create_table(
        "queue_documents",
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["queues.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "field"),
    )


def _queue_entries() -> None:
    op.create_table(
        "queue_entries",
        sa.Column("num", BIG, nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("added", TIME, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.ForeignKeyConstraint(["queue"], ["queues.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("num"),
        sa.UniqueConstraint("queue", "task"),
    )
    op.create_index("ix_queue_entries_position", "queue_entries", ["queue", "position"])
    op.create_index("ix_queue_entries_task", "queue_entries", ["task"])


def _queue_values() -> None:
    op.create_table(
        "queue_values",
        sa.Column("num", BIG, nullable=False),
        sa.Column("path", BIG, nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["queues.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("num"),
    )
    op.create_index("ix_queue_values_order", "queue_values", ["path", "number", "text", "owner"])
    op.create_index("ix_queue_values_owner", "queue_values", ["owner"])


def _task_documents() -> None:
    op.create_table(
        "task_documents",
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["tasks.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "field"),
    )


def _task_metrics() -> None:
    op.create_table(
        "task_metrics",
        sa.Column("name", BIG, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("min_value", sa.Float(), nullable=True),
        sa.Column("min_value_iteration", BIG, nullable=True),
        sa.Column("max_value", sa.Float(), nullable=True),
        sa.Column("max_value_iteration", BIG, nullable=True),
        sa.Column("first_value", sa.Float(), nullable=True),
        sa.Column("first_value_iteration", BIG, nullable=True),
        sa.Column("count", BIG, nullable=True),
        sa.Column("mean_value", sa.Float(), nullable=True),
        sa.Column("x_axis_label", TEXT, nullable=True),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["tasks.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "name"),
    )
    op.create_index("ix_task_metrics_max_value", "task_metrics", ["name", "max_value", "owner"])
    op.create_index("ix_task_metrics_min_value", "task_metrics", ["name", "min_value", "owner"])
    op.create_index("ix_task_metrics_value", "task_metrics", ["name", "value", "owner"])


def _task_values() -> None:
    op.create_table(
        "task_values",
        sa.Column("num", BIG, nullable=False),
        sa.Column("path", BIG, nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["tasks.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("num"),
    )
    op.create_index("ix_task_values_order", "task_values", ["path", "number", "text", "owner"])
    op.create_index("ix_task_values_owner", "task_values", ["owner"])


def _user_documents() -> None:
    op.create_table(
        "user_documents",
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("owner", BIG, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["users.num"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "field"),
    )
