"""What plugins call inside a unit of work to read and change documents; see ``documents`` for the rules.

``from trackyard.core import store`` and then ``store.require(session, TASK, task_id)``.
"""

from trackyard.core.store.documents import (
    Document,
    delete,
    existing,
    get,
    insert,
    load,
    require,
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

__all__ = [
    "Document",
    "MetricBatch",
    "clear_metrics",
    "delete",
    "existing",
    "get",
    "insert",
    "load",
    "name_hash",
    "read_metrics",
    "record_metrics",
    "require",
    "set_path",
    "to_document",
    "touch_projects",
    "unique_metrics",
    "update",
]
