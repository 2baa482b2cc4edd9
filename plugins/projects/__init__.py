"""Projects: the tree that tasks and models are kept in."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.replies import Changed, Created, Tags, Updated
from trackyard.core.protocol.requests import PublicityRequest
from trackyard.plugins.projects import changes, filters, listing, removal, replies, requests


class ProjectsPlugin(Plugin):
    """The service ``projects``."""

    name = "projects"
    summary = "Projects: the tree that tasks and models are kept in"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [*_changing(), *_reading()]


def _changing() -> list[Endpoint[Any]]:
    return [
        Endpoint("projects.create", changes.create, requests.CreateRequest, writes=True, reply=Created),
        Endpoint("projects.update", changes.update, requests.UpdateRequest, writes=True, reply=Changed),
        Endpoint("projects.move", changes.move, requests.MoveRequest, writes=True, reply=replies.ProjectMoved),
        Endpoint("projects.merge", changes.merge, requests.MergeRequest, writes=True, reply=replies.ProjectMerged),
        Endpoint("projects.make_public", changes.make_public, PublicityRequest, writes=True, reply=Updated),
        Endpoint("projects.make_private", changes.make_private, PublicityRequest, writes=True, reply=Updated),
        Endpoint("projects.delete", removal.delete, requests.DeleteRequest, writes=True, reply=replies.ProjectDeleted),
    ]


def _reading() -> list[Endpoint[Any]]:
    return [
        Endpoint("projects.get_by_id", changes.get_by_id, requests.ProjectRequest, reply=replies.OneProject),
        Endpoint("projects.get_all", listing.get_all, requests.ProjectsQuery, reply=replies.ProjectList),
        Endpoint("projects.get_all_ex", listing.get_all_ex, requests.ProjectsQueryEx, reply=replies.ProjectList),
        Endpoint("projects.validate_delete", removal.validate_delete, requests.ProjectRequest, reply=replies.ProjectContents),
        Endpoint("projects.get_task_tags", filters.get_task_tags, requests.ProjectTagsRequest, reply=Tags),
        Endpoint("projects.get_model_tags", filters.get_model_tags, requests.ProjectTagsRequest, reply=Tags),
        Endpoint("projects.get_project_tags", filters.get_project_tags, requests.ProjectTagsRequest, reply=Tags),
        Endpoint(
            "projects.get_hyper_parameters",
            filters.get_hyper_parameters,
            requests.HyperParametersRequest,
            reply=replies.HyperParameterNames,
        ),
        Endpoint(
            "projects.get_hyperparam_values",
            filters.get_hyperparam_values,
            requests.HyperParameterValuesRequest,
            reply=replies.Values,
        ),
        Endpoint(
            "projects.get_model_metadata_keys",
            filters.get_model_metadata_keys,
            requests.MetadataKeysRequest,
            reply=replies.MetadataKeys,
        ),
        Endpoint(
            "projects.get_model_metadata_values",
            filters.get_model_metadata_values,
            requests.MetadataValuesRequest,
            reply=replies.Values,
        ),
        Endpoint(
            "projects.get_unique_metric_variants",
            filters.get_unique_metric_variants,
            requests.MetricVariantsRequest,
            reply=replies.MetricVariants,
        ),
        Endpoint("projects.get_task_parents", filters.get_task_parents, requests.TaskParentsRequest, reply=replies.TaskParents),
        Endpoint("projects.get_user_names", filters.get_user_names, requests.UserNamesRequest, reply=replies.UserNames),
    ]
