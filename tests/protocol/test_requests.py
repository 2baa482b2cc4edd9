"""How a body becomes the declared type."""

from typing import Any

import pytest
from trackyard.core.errors import ApiError
from trackyard.core.protocol.requests import IdsRequest, MetadataItem, MetadataRequest, QueryRequest, convert, given


def test_one_text_is_a_list_of_one() -> None:
    assert convert({"ids": "t1"}, IdsRequest).ids == ["t1"]
    assert convert({"order_by": "-name", "only_fields": ["id"]}, QueryRequest).order_by == ["-name"]


def test_a_null_is_as_good_as_nothing() -> None:
    request = convert({"page": None, "order_by": None, "search_hidden": None, "size": 5}, QueryRequest)
    assert (request.page, request.order_by, request.search_hidden, request.size) == (None, [], False, 5)


def test_unknown_keys_are_ignored() -> None:
    assert convert({"ids": [], "method": "get", "a.b": {"c": 1}}, IdsRequest).ids == []


def test_nested_items_have_types() -> None:
    request = convert({"metadata": [{"key": "k", "value": "v", "type": None, "other": 1}]}, MetadataRequest)
    assert request.metadata == [MetadataItem(key="k", value="v")]


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        (IdsRequest, {}, "ids"),
        (IdsRequest, {"ids": None}, "ids"),
        (IdsRequest, {"ids": [1]}, "ids"),
        (IdsRequest, {"ids": ["x"] * 50_001}, "ids"),
        (QueryRequest, {"page": -1}, "page"),
        (QueryRequest, {"page_size": 0}, "page_size"),
        (QueryRequest, {"search_hidden": "yes"}, "search_hidden"),
        (MetadataRequest, {"metadata": [{"value": "v"}]}, "metadata"),
    ],
)
def test_what_is_wrong_is_named(kind: type[Any], body: dict[str, Any], field: str) -> None:
    with pytest.raises(ApiError) as failure:
        convert(body, kind)
    assert (failure.value.code, failure.value.subcode) == (400, 12)
    assert failure.value.facts["field"].startswith(field)


def test_what_was_given_is_known() -> None:
    request = convert({"page": 0, "order_by": [], "size": None}, QueryRequest)
    assert given(request, ("page", "size", "order_by")) == {"page": 0, "order_by": []}
