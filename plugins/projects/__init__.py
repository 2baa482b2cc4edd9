"""Projects: the tree that tasks and models are kept in."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.requests import PublicityRequest
from trackyard.plugins.projects import changes, filters, listing, removal, requests


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
        Endpoint("projects.create", changes.create, requests.CreateRequest, writes=True),
        Endpoint("projects.update", changes.update, requests.UpdateRequest, writes=True),
        Endpoint("projects.move", changes.move, requests.MoveRequest, writes=True),
        Endpoint("projects.merge", changes.merge, requests.MergeRequest, writes=True),
        Endpoint("projects.make_public", changes.make_public, PublicityRequest, writes=True),
        Endpoint("projects.make_private", changes.make_private, PublicityRequest, writes=True),
        Endpoint("projects.delete", removal.delete, requests.DeleteRequest, writes=True),
    ]


def _reading() -> list[Endpoint[Any]]:
    return [
        Endpoint("projects.get_by_id", changes.get_by_id, requests.ProjectRequest),
        Endpoint("projects.get_all", listing.get_all, requests.ProjectsQuery),
        Endpoint("projects.get_all_ex", listing.get_all_ex, requests.ProjectsQueryEx),
        Endpoint("projects.validate_delete", removal.validate_delete, requests.ProjectRequest),
        Endpoint("projects.get_task_tags", filters.get_task_tags, requests.ProjectTagsRequest),
        Endpoint("projects.get_model_tags", filters.get_model_tags, requests.ProjectTagsRequest),
        Endpoint("projects.get_project_tags", filters.get_project_tags, requests.ProjectTagsRequest),
        Endpoint("projects.get_hyper_parameters", filters.get_hyper_parameters, requests.HyperParametersRequest),
        Endpoint("projects.get_hyperparam_values", filters.get_hyperparam_values, requests.HyperParameterValuesRequest),
        Endpoint("projects.get_model_metadata_keys", filters.get_model_metadata_keys, requests.MetadataKeysRequest),
        Endpoint("projects.get_model_metadata_values", filters.get_model_metadata_values, requests.MetadataValuesRequest),
        Endpoint("projects.get_unique_metric_variants", filters.get_unique_metric_variants, requests.MetricVariantsRequest),
        Endpoint("projects.get_task_parents", filters.get_task_parents, requests.TaskParentsRequest),
        Endpoint("projects.get_user_names", filters.get_user_names, requests.UserNamesRequest),
    ]
