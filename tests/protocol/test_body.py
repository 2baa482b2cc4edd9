"""JSON bodies as clients write them."""

import math

import pytest
from trackyard.core.errors import ApiError
from trackyard.core.protocol.body import DEPTH_LIMIT, parse_json, parse_object


def deep(levels: int, *, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    """A value nested so deep."""
    return opening * levels + b"1" + closing * levels


def test_numbers_that_json_has_not() -> None:
    value = parse_json(b'{"a": NaN, "b": [Infinity, 1e999]}')
    assert math.isnan(value["a"])
    assert value["b"] == [math.inf, math.inf]


def test_halves_of_characters_are_refused() -> None:
    """Whole pairs are kept."""
    assert parse_json(rb'{"c": "\ud83d\ude00"}') == {"c": "😀"}
    with pytest.raises(ApiError) as caught:
        parse_json(rb'{"c": ["\ud800"]}')
    assert (caught.value.code, caught.value.subcode) == (400, 0)


@pytest.mark.parametrize("raw", [deep(DEPTH_LIMIT), deep(DEPTH_LIMIT, opening=b"[", closing=b"]"), b"[" + b"{}," * 500 + b"{}]"])
def test_depth_that_is_accepted(raw: bytes) -> None:
    """Many values beside each other are not deep."""
    assert parse_json(raw)


@pytest.mark.parametrize("levels", [DEPTH_LIMIT + 1, 500, 5000, 100_000])
def test_depth_that_is_refused(levels: int) -> None:
    """What is nested so deep could be stored and never be answered."""
    with pytest.raises(ApiError) as caught:
        parse_object(deep(levels))
    assert (caught.value.code, caught.value.subcode) == (400, 0)
