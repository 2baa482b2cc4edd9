"""Requests: how a body becomes the type that an endpoint declares, and the fields that many of them share.

Clients send explicit nulls for what they leave out, one text where a list of texts is asked for, and keys that nobody
knows; all three are accepted, so that a declared type says only what a handler works with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from trackyard.core.errors import validation

R = TypeVar("R", bound=msgspec.Struct)

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
"""A whole number from 0, so small that a database can count with it."""
Size = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
"""A whole number from 1, so small that a database can count with it."""
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""Any whole number that a database can store."""
Ids = Annotated[list[str], msgspec.Meta(max_length=50_000)]
"""As many ids as one call may name."""
Moment = Annotated[float, msgspec.Meta(ge=-1e11, le=1e11)]
"""Seconds since 1970, down to and up to times that nobody means; no NaN."""
Interval = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
"""A time span of whole seconds, from 1."""
Timeout = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
"""A time span of whole seconds, from 0."""
FreeId = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00\ud800-\udfff]+$")]
"""An id that the client chose, such as a worker's: any text that can be stored."""


class Request(msgspec.Struct, kw_only=True):
    """Base of all requests. A list may be given as its only item, a null counts as absent.

    A class that adds required fields to optional ones of its base says ``kw_only=True`` again.
    """


class IdsRequest(Request):
    """Asks for something to be done to several objects."""

    ids: Ids


class PublicityRequest(Request):
    """Asks for objects to be shown to everybody, or no longer."""

    ids: Ids = []


class MoveRequest(IdsRequest):
    """Asks for objects to be moved to a project by its id or its name; an explicit null id is the root."""

    project: str | None = None
    project_name: str | None = None


class TagsChangeRequest(Request):
    """Asks for tags to be added to objects and removed from them."""

    ids: Ids = []
    add_tags: list[str] = []
    remove_tags: list[str] = []


class TagsFilter(Request):
    """Only objects with these tags count."""

    tags: list[str | None] | None = None
    system_tags: list[str | None] | None = None


class TagsRequest(Request):
    """Asks for the tags in use."""

    include_system: bool = False
    filter: TagsFilter | None = None


class QueryRequest(Request):
    """A list in pages. The filters are many and partly dotted, so the query language reads them from the whole body."""

    page: Count | None = None
    page_size: Size | None = None
    size: Size | None = None
    scroll_id: str | None = None
    refresh_scroll: bool = False
    order_by: list[str] = []
    only_fields: list[str] = []
    search_text: str | None = None
    search_hidden: bool = False


class FieldsPattern(Request):
    """A pattern (a regular expression, in any case) or times (``>=…``) that some or all of the fields must meet."""

    fields: list[str] | None = None
    pattern: str | None = None
    datetime: list[str] | str | None = None


class FilteredRequest(QueryRequest):
    """A list with the filters that tasks, models and projects have in common; null in a list means "none"."""

    id: list[str | None] = []
    name: str | None = None
    user: list[str | None] = []
    project: list[str | None] = []
    tags: list[str | None] = []
    system_tags: list[str | None] = []
    filters: dict[str, Any] | None = None
    allow_public: bool = True
    any_: FieldsPattern | None = msgspec.field(name="_any_", default=None)
    all_: FieldsPattern | None = msgspec.field(name="_all_", default=None)


class MetadataItem(Request):
    """One entry of the metadata of a model or a queue."""

    key: str
    type: str | None = None
    value: str | None = None


class MetadataRequest(Request):
    """Entries of metadata to be added or replaced; with ``replace_metadata`` all others go."""

    metadata: list[MetadataItem]
    replace_metadata: bool = False


class MetadataKeysRequest(Request):
    """Entries of metadata to be removed."""

    keys: list[str]


def given(request: Request, names: Iterable[str]) -> dict[str, Any]:
    """Those of the named fields that were given, with their values."""
    found = {name: getattr(request, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def convert(body: dict[str, Any], kind: type[R]) -> R:
    """The body as the declared type; a wrong or missing field is 400/12 and is named."""
    lists = _list_fields(kind)
    given = {
        name: [value] if name in lists and not isinstance(value, list) else value
        for name, value in body.items()
        if value is not None
    }
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".") or _missing_field(problem)
        raise validation(field, problem) from None


def _missing_field(problem: str) -> str:
    found = re.search(r"`(\w+)`", problem)
    return found.group(1) if found else ""


@cache
def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields, by their names on the wire, that hold nothing but a list."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if _is_list(hints[field.name]))


def _is_list(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Annotated:
        return _is_list(get_args(hint)[0])
    if origin in (Union, UnionType):
        return all(_is_list(choice) for choice in get_args(hint) if choice is not type(None))
    return origin is list or hint is list
