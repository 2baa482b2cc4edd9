"""The entities: SQLModel tables, and for the five that are queried a ``Kind`` that says what the protocol knows of them."""

from trackyard.core.entities.fields import Field, Filter, Kind, Storage, table_of
from trackyard.core.entities.model import MODEL, Model
from trackyard.core.entities.operations import (
    FileDeletion,
    KeyValue,
    Lease,
    PreparedDownload,
    SavedView,
    Scroll,
    StorageSettings,
)
from trackyard.core.entities.project import PROJECT, Project
from trackyard.core.entities.queue import QUEUE, Queue, QueueEntry
from trackyard.core.entities.task import TASK, TASK_STATUSES, TASK_TYPES, Task
from trackyard.core.entities.user import USER, Company, Credential, RevokedSession, User
from trackyard.core.entities.values import (
    FieldPath,
    MetricName,
    ModelDocument,
    ModelMetric,
    ModelValue,
    ProjectValue,
    QueueDocument,
    QueueValue,
    TaskDocument,
    TaskMetric,
    TaskValue,
    UserDocument,
)
from trackyard.core.entities.worker import ServingContainer, Worker

KINDS: dict[str, Kind] = {kind.name: kind for kind in (TASK, MODEL, PROJECT, QUEUE, USER)}
"""The kinds by name; also what ``Field.refers`` names."""

__all__ = [
    "KINDS",
    "MODEL",
    "PROJECT",
    "QUEUE",
    "TASK",
    "TASK_STATUSES",
    "TASK_TYPES",
    "USER",
    "Company",
    "Credential",
    "Field",
    "FieldPath",
    "FileDeletion",
    "Filter",
    "KeyValue",
    "Kind",
    "Lease",
    "MetricName",
    "Model",
    "ModelDocument",
    "ModelMetric",
    "ModelValue",
    "PreparedDownload",
    "Project",
    "ProjectValue",
    "Queue",
    "QueueDocument",
    "QueueEntry",
    "QueueValue",
    "RevokedSession",
    "SavedView",
    "Scroll",
    "ServingContainer",
    "Storage",
    "StorageSettings",
    "Task",
    "TaskDocument",
    "TaskMetric",
    "TaskValue",
    "User",
    "UserDocument",
    "Worker",
    "table_of",
]
