"""What the endpoints of projects are sent."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from trackyard.core.protocol.requests import Count, FilteredRequest, Request, Size, TagsRequest


class ProjectRequest(Request):
    """Names one project."""

    project: str


class CreateRequest(Request):
    """A new project; its parents come into being with it."""

    name: str
    description: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    default_output_destination: str | None = None


class UpdateRequest(ProjectRequest):
    """New values of a project; ``name`` may change its last segment only."""

    name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    default_output_destination: str | None = None


class MoveRequest(ProjectRequest):
    """The name of the project that this one is to be put under; empty: the root."""

    new_location: str = ""


class MergeRequest(ProjectRequest):
    """The project that receives everything of this one; without it the root does."""

    destination_project: str | None = None


class DeleteRequest(ProjectRequest):
    """Deletes a project with all below it, with ``force`` one whose contents are not archived.

    ``delete_contents`` deletes its tasks and models too, else they lose their project.
    """

    force: bool = False
    delete_contents: bool = False
    delete_external_artifacts: bool = True


class ProjectTagsRequest(TagsRequest):
    """Asks for the tags in use, in some projects (with all below them) or in all."""

    projects: list[str] = []


class PagedRequest(Request):
    """A page of a list of names."""

    include_subprojects: bool = True
    page: Count = 0
    page_size: Size = 500


class HyperParametersRequest(PagedRequest, kw_only=True):
    """Asks for the names of hyperparameters in a project."""

    project: str


class HyperParameterValuesRequest(PagedRequest, kw_only=True):
    """Asks for the values of one hyperparameter; ``pattern`` is a regular expression, of either case."""

    section: str
    name: str
    projects: list[str] = []
    allow_public: bool = True
    pattern: str | None = None


class MetadataKeysRequest(PagedRequest, kw_only=True):
    """Asks for the keys of the metadata of models in a project."""

    project: str


class MetadataValuesRequest(PagedRequest, kw_only=True):
    """Asks for the values of one key of the metadata of models."""

    key: str
    projects: list[str] = []
    allow_public: bool = True


class MetricVariantsRequest(Request):
    """Asks for the metrics and variants in a project or of some tasks (or models)."""

    project: str | None = None
    include_subprojects: bool = True
    model_metrics: bool = False
    ids: list[str] = []


class TaskParentsRequest(Request):
    """Asks for the tasks that are parents of tasks in some projects."""

    projects: list[str] = []
    tasks_state: Literal["active", "archived"] | None = "active"
    include_subprojects: bool = True
    task_name: str | None = None


class UserNamesRequest(Request):
    """Asks for the users who have tasks (or models) in some projects."""

    projects: list[str] = []
    include_subprojects: bool = True
    entity: Literal["task", "model"] = "task"


class ProjectsQuery(FilteredRequest):
    """A list of projects. Without ``shallow_search`` the filter ``parent`` means any depth."""

    basename: str | None = None
    description: str | None = None
    parent: list[str | None] = []
    shallow_search: bool = False


class ProjectsQueryEx(ProjectsQuery):
    """A list of projects with what is computed from their contents."""

    include_stats: bool = False
    stats_for_state: Literal["active", "archived"] | None = None
    stats_with_children: bool = True
    include_stats_filter: dict[str, Any] = msgspec.field(default_factory=dict)
    include_dataset_stats: bool = False
    non_public: bool = False
    active_users: list[str] = []
    check_own_contents: bool = False
    children_type: Literal["pipeline", "report", "dataset"] | None = None
    children_tags: list[str | None] = []
    children_tags_filter: dict[str, Any] = msgspec.field(default_factory=dict)
