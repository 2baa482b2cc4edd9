"""What the endpoints of projects answer."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.protocol.replies import Urls


class OneProject(msgspec.Struct):
    """A project with everything that is known of it."""

    project: dict[str, Any]


class ProjectList(msgspec.Struct):
    """Projects with the fields that were asked for; ``scroll_id`` goes on where the list ends."""

    projects: list[dict[str, Any]]
    scroll_id: str | None = None


class ProjectMoved(msgspec.Struct):
    """How many projects moved, descendants included."""

    moved: int


class ProjectMerged(msgspec.Struct):
    """How many tasks and models, and how many projects, went to the destination."""

    moved_entities: int
    moved_projects: int


class ProjectDeleted(msgspec.Struct):
    """How many projects, tasks and models were deleted, how many tasks lost their project, and where their files were."""

    deleted: int
    disassociated_tasks: int
    deleted_tasks: int
    deleted_models: int
    urls: Urls


class ProjectContents(msgspec.Struct):
    """How many objects a project and all below it hold."""

    tasks: int
    non_archived_tasks: int
    models: int
    non_archived_models: int
    reports: int
    non_archived_reports: int
    pipelines: int
    datasets: int


class SectionedName(msgspec.Struct):
    """The name of a hyperparameter."""

    section: str
    name: str


class HyperParameterNames(msgspec.Struct):
    """One page of names of hyperparameters; ``remaining`` come after it."""

    parameters: list[SectionedName]
    total: int
    remaining: int


class Values(msgspec.Struct):
    """One page of the values in use, of ``total``."""

    total: int
    values: list[str]


class MetadataKeys(msgspec.Struct):
    """One page of the keys in use; ``remaining`` come after it."""

    keys: list[str]
    total: int
    remaining: int


class MetricVariant(msgspec.Struct):
    """A metric and a variant with the MD5 of each name."""

    metric: str
    metric_hash: str
    variant: str
    variant_hash: str


class MetricVariants(msgspec.Struct):
    """Metrics and variants in use."""

    metrics: list[MetricVariant]


class TaskParents(msgspec.Struct):
    """Tasks that are parents: id, name and project."""

    parents: list[dict[str, Any]]


class UserName(msgspec.Struct):
    """A user."""

    id: str
    name: str


class UserNames(msgspec.Struct):
    """Users, by name."""

    users: list[UserName]
