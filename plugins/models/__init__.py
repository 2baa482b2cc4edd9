"""Models: what tasks make and use."""

from __future__ import annotations

from typing import Any

from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Endpoint
from trackyard.core.protocol.older import metadata_by_version
from trackyard.core.protocol.replies import Changed, Many, Moved, Updated
from trackyard.core.protocol.requests import IdsRequest, MoveRequest, PublicityRequest, TagsChangeRequest
from trackyard.plugins.models import changes, older, publishing, reading, removal, replies, requests


class ModelsPlugin(Plugin):
    """The service ``models``."""

    name = "models"
    summary = "Models: what tasks make and use"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [*_changing(), *_moving(), *_reading()]


def _changing() -> list[Endpoint[Any]]:
    return [
        Endpoint("models.create", changes.create, requests.CreateRequest, writes=True, reply=replies.ModelCreated),
        Endpoint("models.edit", metadata_by_version(changes.edit), requests.EditRequest, writes=True, reply=Changed),
        Endpoint("models.update", metadata_by_version(changes.update), requests.UpdateRequest, writes=True, reply=Changed),
        Endpoint(
            "models.add_or_update_metadata", changes.add_or_update_metadata, requests.MetadataChange, writes=True, reply=Updated
        ),
        Endpoint("models.delete_metadata", changes.delete_metadata, requests.MetadataRemoval, writes=True, reply=Updated),
        Endpoint("models.set_ready", publishing.set_ready, requests.SetReadyRequest, writes=True, reply=replies.ModelPublished),
        Endpoint("models.publish_many", publishing.publish_many, requests.PublishManyRequest, writes=True, reply=Many),
        Endpoint("models.delete", removal.delete, requests.DeleteRequest, writes=True, reply=replies.ModelDeleted),
        Endpoint("models.delete_many", removal.delete_many, requests.DeleteManyRequest, writes=True, reply=Many),
    ]


def _moving() -> list[Endpoint[Any]]:
    return [
        Endpoint("models.archive_many", changes.archive_many, IdsRequest, writes=True, reply=Many),
        Endpoint("models.unarchive_many", changes.unarchive_many, IdsRequest, writes=True, reply=Many),
        Endpoint("models.update_tags", changes.update_tags, TagsChangeRequest, writes=True, reply=Updated),
        Endpoint("models.move", changes.move, MoveRequest, writes=True, reply=Moved),
        Endpoint("models.make_public", changes.make_public, PublicityRequest, writes=True, reply=Updated),
        Endpoint("models.make_private", changes.make_private, PublicityRequest, writes=True, reply=Updated),
    ]


def _reading() -> list[Endpoint[Any]]:
    return [
        Endpoint("models.get_by_id", metadata_by_version(reading.get_by_id), requests.ModelRequest, reply=replies.OneModel),
        Endpoint("models.get_by_id_ex", metadata_by_version(reading.get_by_id_ex), requests.ModelsQuery, reply=replies.ModelList),
        Endpoint("models.get_all", metadata_by_version(reading.get_all), requests.ModelsQuery, reply=replies.ModelList),
        Endpoint("models.get_all_ex", metadata_by_version(reading.get_all_ex), requests.ModelsQuery, reply=replies.ModelList),
        Endpoint("models.get_frameworks", reading.get_frameworks, requests.FrameworksRequest, reply=replies.Frameworks),
        Endpoint("models.get_by_task_id", metadata_by_version(older.get_by_task_id), older.TaskModelRequest),
        Endpoint("models.update_for_task", metadata_by_version(older.update_for_task), older.TaskModelChange, writes=True),
    ]
