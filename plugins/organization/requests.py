"""What the endpoints of the organization are sent."""

from __future__ import annotations

from typing import Any, Literal

from trackyard.core.protocol.requests import Request


class CountRequest(Request):
    """Filters by the kind of object to be counted; only the kinds that are given are."""

    projects: dict[str, Any] | None = None
    tasks: dict[str, Any] | None = None
    models: dict[str, Any] | None = None
    pipelines: dict[str, Any] | None = None
    datasets: dict[str, Any] | None = None
    reports: dict[str, Any] | None = None
    search_hidden: bool = False
    active_users: list[str] = []
    allow_public: bool = True


class ValueMapping(Request):
    """A value and what is written in its place."""

    key: Any
    value: Any


class FieldMapping(Request):
    """A column of the file: where its values are found, its title, and what is written for some values."""

    field: str
    name: str | None = None
    values: list[ValueMapping] = []


class PrepareRequest(Request):
    """A list of tasks or models to be downloaded; the filters are those of ``get_all_ex``."""

    entity_type: Literal["task", "model"]
    only_fields: list[str]
    field_mappings: list[FieldMapping]


class DownloadRequest(Request):
    """A download that was prepared."""

    prepare_id: str
