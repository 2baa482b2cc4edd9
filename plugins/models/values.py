"""The fields of a model as they are stored, checked: names, URIs, references, metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, TASK
from trackyard.core.errors import ApiError, bad_value, invalid_id, validation
from trackyard.core.identity import Identity
from trackyard.core.store import Document

METADATA_LIMIT = 1000


def checked(session: Session, identity: Identity, values: Document, model: str | None = None) -> Document:
    """The values fit to be stored.

    Raises 400/800 for a short name, 400/204 for a blank URI, 400/16 for an unknown project or parent,
    400/101 for an unknown task.
    """
    if "name" in values:
        values["name"] = store.checked_name(values["name"], "model")
    if not values.get("uri", "-").strip():
        raise ApiError(400, 204, "Invalid model URI", uri=values["uri"])
    if "metadata" in values:
        values["metadata"] = metadata_by_key(values["metadata"])
    _check_references(session, identity, values, model)
    return values


def _check_references(session: Session, identity: Identity, values: Document, model: str | None) -> None:
    for field, kind in (("project", PROJECT), ("parent", MODEL)):
        wanted = values.get(field)
        if wanted and wanted != model and not store.existing(session, kind, [wanted], company=identity.company):
            raise bad_value(field, wanted)
    task = values.get("task")
    if task and not store.existing(session, TASK, [task], company=identity.company):
        raise invalid_id("task", task)


def metadata_by_key(metadata: dict[str, Any] | Iterable[dict[str, Any]]) -> Document:
    """Metadata as it is stored, by key, from what clients send: the same, or a list of items."""
    items = metadata.items() if isinstance(metadata, dict) else ((str(item.get("key", "")), item) for item in metadata)
    found: Document = {}
    for key, item in items:
        if not key or not isinstance(item, dict):
            raise validation("metadata", "each item must be an object with a key")
        found[key] = metadata_item(key, item.get("type"), item.get("value"))
    if len(found) > METADATA_LIMIT:
        raise validation("metadata", f"at most {METADATA_LIMIT} items")
    return found


def metadata_item(key: str, kind: Any, value: Any) -> Document:
    """One item of metadata; type and value are texts."""
    item = {"key": key, "type": kind, "value": value}
    return {name: part if isinstance(part, str) else str(part) for name, part in item.items() if part is not None}
