"""What plugins call inside a unit of work to read and change documents; see ``documents`` for the rules.

``from trackyard.core import store`` and then ``store.require(session, TASK, task_id)``.
"""

from trackyard.core.store.changes import ARCHIVED, archive, change_tags, make_private, make_public, unarchive
from trackyard.core.store.deletions import schedule_deletion
from trackyard.core.store.documents import (
    Document,
    delete,
    existing,
    get,
    insert,
    load,
    require,
    require_own,
    set_path,
    to_document,
    touch_projects,
    update,
)
from trackyard.core.store.metrics import (
    MetricBatch,
    clear_metrics,
    name_hash,
    read_metrics,
    record_metrics,
    unique_metrics,
)
from trackyard.core.store.projects import (
    checked_name,
    chosen_project,
    clean_project_name,
    create_project,
    descendants,
    ensure_project,
    project_named,
    refuse_taken_name,
    with_descendants,
)

__all__ = [
    "ARCHIVED",
    "Document",
    "MetricBatch",
    "archive",
    "change_tags",
    "checked_name",
    "chosen_project",
    "clean_project_name",
    "clear_metrics",
    "create_project",
    "delete",
    "descendants",
    "ensure_project",
    "existing",
    "get",
    "insert",
    "load",
    "make_private",
    "make_public",
    "name_hash",
    "project_named",
    "read_metrics",
    "record_metrics",
    "refuse_taken_name",
    "require",
    "require_own",
    "schedule_deletion",
    "set_path",
    "to_document",
    "touch_projects",
    "unarchive",
    "unique_metrics",
    "update",
    "with_descendants",
]
