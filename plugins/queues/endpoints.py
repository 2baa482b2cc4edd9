"""The endpoints of the service ``queues``."""

from __future__ import annotations

from typing import Any

from trackyard.core.protocol.endpoint import Empty, Endpoint
from trackyard.core.protocol.older import metadata_by_version
from trackyard.core.protocol.version import Version
from trackyard.plugins.queues import changes, entries, listing
from trackyard.plugins.queues import requests as r
from trackyard.plugins.queues.lengths import QueueLengths

V2_4, V2_13, V2_15 = Version(2, 4), Version(2, 13), Version(2, 15)


def endpoints(lengths: QueueLengths) -> list[Endpoint[Any]]:
    """All endpoints; ``lengths`` are measured after changes."""
    one = entries.Entries(lengths.changed)
    return [
        Endpoint("queues.get_all", metadata_by_version(listing.get_all), r.GetAllRequest, min_version=V2_4),
        Endpoint("queues.get_all_ex", metadata_by_version(listing.get_all_ex), r.GetAllRequest, min_version=V2_4),
        Endpoint("queues.get_by_id", metadata_by_version(listing.get_by_id), r.GetByIdRequest, min_version=V2_4),
        Endpoint("queues.get_default", entries.get_default, Empty, min_version=V2_4),
        Endpoint("queues.get_num_entries", entries.get_num_entries, r.QueueRequest, min_version=V2_15),
        Endpoint("queues.peek_task", entries.peek_task, r.QueueRequest, min_version=V2_15),
        Endpoint("queues.get_queue_metrics", lengths.get_queue_metrics, r.MetricsRequest, min_version=V2_4),
        Endpoint("queues.create", changes.create, r.CreateRequest, writes=True, min_version=V2_4),
        Endpoint("queues.update", metadata_by_version(changes.update), r.UpdateRequest, writes=True, min_version=V2_4),
        Endpoint("queues.delete", changes.delete, r.DeleteRequest, writes=True, min_version=V2_4),
        Endpoint(
            "queues.add_or_update_metadata",
            changes.add_or_update_metadata,
            r.QueueMetadataRequest,
            writes=True,
            min_version=V2_13,
        ),
        Endpoint("queues.delete_metadata", changes.delete_metadata, r.QueueMetadataKeysRequest, writes=True, min_version=V2_13),
        Endpoint("queues.add_task", one.add_task, r.AddTaskRequest, writes=True, min_version=V2_4),
        Endpoint("queues.remove_task", one.remove_task, r.RemoveTaskRequest, writes=True, min_version=V2_4),
        Endpoint("queues.clear_queue", one.clear_queue, r.QueueRequest, writes=True),
        Endpoint("queues.get_next_task", one.get_next_task, r.NextTaskRequest, writes=True),
        Endpoint("queues.move_task_to_front", one.move_task_to_front, r.PlaceRequest, writes=True, min_version=V2_4),
        Endpoint("queues.move_task_to_back", one.move_task_to_back, r.PlaceRequest, writes=True, min_version=V2_4),
        Endpoint("queues.move_task_forward", one.move_task_forward, r.ShiftRequest, writes=True, min_version=V2_4),
        Endpoint("queues.move_task_backward", one.move_task_backward, r.ShiftRequest, writes=True, min_version=V2_4),
    ]
