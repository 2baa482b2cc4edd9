"""The plugin and its table of endpoints."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.extension import HealthCheck, Job
from trackyard.core.hookspecs import hookimpl
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint, Handler
from trackyard.core.protocol.requests import MoveRequest, PublicityRequest, TagsChangeRequest
from trackyard.core.protocol.version import OLDEST, Version
from trackyard.plugins.tasks import (
    artifacts,
    cloning,
    deletions,
    editing,
    moving,
    parameters,
    queueing,
    reading,
    removal,
    replies,
    requests,
    statuses,
    watchdog,
)


def _read(name: str, handler: Handler, request: type[msgspec.Struct], reply: Any) -> Endpoint[Any]:
    return Endpoint(f"tasks.{name}", handler, request, reply=reply)


def _write(
    name: str, handler: Handler, request: type[msgspec.Struct], reply: Any, since: Version = OLDEST, *, batch: bool = False
) -> Endpoint[Any]:
    return Endpoint(f"tasks.{name}", handler, request, reply=reply, writes=True, min_version=since, batch=batch)


ENDPOINTS = [
    _read("get_by_id", reading.get_by_id, requests.TaskRequest, replies.OneTask),
    _read("get_by_id_ex", reading.get_all_ex, requests.TaskExQuery, replies.TaskList),
    _read("get_all", reading.get_all, requests.TaskQuery, replies.TaskList),
    _read("get_all_ex", reading.get_all_ex, requests.TaskExQuery, replies.TaskList),
    _read("get_types", reading.get_types, requests.TypesRequest, replies.Types),
    _read("get_hyper_params", parameters.get_hyper_params, requests.TasksRequest, dict[str, Any]),
    _read("get_configurations", parameters.get_configurations, requests.ConfigurationsRequest, dict[str, Any]),
    _read("get_configuration_names", parameters.get_configuration_names, requests.ConfigurationNamesRequest, dict[str, Any]),
    _read("validate", editing.validate, requests.CreateRequest, replies.Nothing),
    _write("create", editing.create, requests.CreateRequest, replies.Created),
    _write("edit", editing.edit, requests.EditRequest, replies.Changed),
    _write("update", editing.update, requests.UpdateRequest, replies.Changed),
    _write("update_batch", editing.update_batch, requests.BatchRequest, replies.Updated, batch=True),
    _write("set_requirements", editing.set_requirements, requests.RequirementsRequest, replies.Changed),
    _write("started", statuses.started, requests.StatusRequest, replies.Started),
    _write("stopped", statuses.stopped, requests.StatusRequest, replies.Changed),
    _write("stop", statuses.stop, requests.StopRequest, replies.Changed),
    _write("stop_many", statuses.stop_many, requests.StopManyRequest, replies.Many),
    _write("completed", statuses.completed, requests.CompletedRequest, replies.Completed, Version(2, 2)),
    _write("failed", statuses.failed, requests.StatusRequest, replies.Changed),
    _write("close", statuses.close, requests.StatusRequest, replies.Changed),
    _write("publish", statuses.publish, requests.PublishRequest, replies.Changed),
    _write("publish_many", statuses.publish_many, requests.PublishManyRequest, replies.Many),
    _write("ping", statuses.ping, requests.TaskRequest, replies.Nothing),
    _write("enqueue", queueing.enqueue, requests.EnqueueRequest, replies.Queued),
    _write("enqueue_many", queueing.enqueue_many, requests.EnqueueManyRequest, replies.Many),
    _write("dequeue", queueing.dequeue, requests.DequeueRequest, replies.Dequeued),
    _write("dequeue_many", queueing.dequeue_many, requests.DequeueManyRequest, replies.Many),
    _write(
        "add_or_update_artifacts", artifacts.add_or_update_artifacts, requests.ArtifactsRequest, replies.Updated, Version(2, 10)
    ),
    _write("delete_artifacts", artifacts.delete_artifacts, requests.ArtifactKeysRequest, replies.Deleted, Version(2, 10)),
    _write("add_or_update_model", artifacts.add_or_update_model, requests.AddModelRequest, replies.Updated, Version(2, 13)),
    _write("delete_models", artifacts.delete_models, requests.DeleteModelsRequest, replies.Updated, Version(2, 13)),
    _write("reset", removal.reset, requests.ResetRequest, replies.WasReset),
    _write("reset_many", removal.reset_many, requests.ResetManyRequest, replies.Many),
    _write("delete", removal.delete, requests.DeleteRequest, replies.TaskDeleted),
    _write("delete_many", removal.delete_many, requests.DeleteManyRequest, replies.Many),
    _write("clone", cloning.clone, requests.CloneRequest, replies.Cloned),
    _write("move", moving.move, MoveRequest, replies.Moved),
    _write("archive", moving.archive, requests.ArchiveRequest, replies.Archived),
    _write("archive_many", moving.archive_many, requests.ArchiveManyRequest, replies.Many),
    _write("unarchive_many", moving.unarchive_many, requests.ArchiveManyRequest, replies.Many),
    _write("update_tags", moving.update_tags, TagsChangeRequest, replies.Updated),
    _write("make_public", moving.make_public, PublicityRequest, replies.Updated, Version(2, 9)),
    _write("make_private", moving.make_private, PublicityRequest, replies.Updated, Version(2, 9)),
    _write("edit_hyper_params", parameters.edit_hyper_params, requests.EditParametersRequest, replies.Updated),
    _write("delete_hyper_params", parameters.delete_hyper_params, requests.DeleteParametersRequest, replies.Deleted),
    _write("edit_configuration", parameters.edit_configuration, requests.EditConfigurationRequest, replies.Updated),
    _write("delete_configuration", parameters.delete_configuration, requests.DeleteConfigurationRequest, replies.Deleted),
]


class TasksPlugin(Plugin):
    """Registers the endpoints ``tasks.*``."""

    name = "tasks"
    summary = "Tasks: their life cycle, parameters, artifacts and models"
    essential = True

    async def start(self, kernel: Kernel) -> None:
        """Finish the resets that a server which was killed had begun."""
        await deletions.finish_resets(kernel)

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """The endpoints ``tasks.*``."""
        return ENDPOINTS

    @hookimpl
    def trackyard_jobs(self) -> list[Job]:
        """The watchdog of silent tasks, and the removal of what deleted tasks leave behind."""
        return [
            Job("stop silent tasks", watchdog.SECONDS, watchdog.stop_silent_tasks),
            Job("remove what deleted tasks leave", deletions.SECONDS, deletions.remove_deleted),
        ]

    @hookimpl
    def trackyard_health_checks(self) -> list[HealthCheck]:
        """Whether deletions go through."""
        return [HealthCheck("deletions", deletions.check_deletions, critical=False)]
