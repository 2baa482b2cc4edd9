"""Whatever is sent as a credential is answered with 401, never with a fault."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from trackyard.core.errors import ApiError
from trackyard.core.identity import ROLES, SYSTEM, narrower
from trackyard.plugins.identity.realm import split_basic
from trackyard.plugins.identity.tokens import Tokens
from trackyard.plugins.identity.users_service import merge

TOKENS = Tokens([b"k" * 32], 3600)
PARTS = TOKENS.issue(SYSTEM).split(".")
STEADY = settings(derandomize=True, deadline=None, max_examples=100, database=None)
SOME = st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")))


def tried(read: Callable[[str], Any], credential: str) -> tuple[int, Any]:
    """The status of the refusal, or 200 and what was read."""
    try:
        return 200, read(credential)
    except ApiError as error:
        return error.code, None


@STEADY
@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
@example("\ud800")
@example("\x00")
def test_any_basic_credential(credential: str) -> None:
    code, found = tried(split_basic, credential)
    assert code in (200, 401)
    if code == 200:
        assert found[0]
        assert ":" not in found[0]


@STEADY
@given(st.lists(st.one_of(SOME, st.sampled_from(PARTS)), min_size=1, max_size=4))
def test_any_token(parts: list[str]) -> None:
    token = ".".join(parts)
    assert tried(TOKENS.read, token)[0] == (200 if token == ".".join(PARTS) else 401)


@STEADY
@given(st.sampled_from([*ROLES, "unknown"]), st.sampled_from([*ROLES, "unknown"]), st.sampled_from([*ROLES, "unknown"]))
def test_narrowing_never_widens(one: str, two: str, three: str) -> None:
    assert narrower(one, two) == narrower(two, one)
    assert narrower(one, narrower(two, three)) == narrower(narrower(one, two), three)
    assert narrower(one, None) == narrower(one, one) == one
    assert narrower(narrower(one, two), one) == narrower(one, two)


TREES = st.dictionaries(
    st.text("abc", max_size=2),
    st.recursive(st.integers(), lambda below: st.dictionaries(st.text("abc", max_size=2), below, max_size=3), max_leaves=6),
    max_size=3,
)


@STEADY
@given(TREES, TREES)
def test_merged_preferences_hold_the_new_and_keep_the_rest(old: dict[str, object], new: dict[str, object]) -> None:
    before = repr(old)
    merged = merge(old, new)
    assert merge(merged, new) == merged
    assert set(merged) == set(old) | set(new)
    assert merge({}, new) == new
    assert merge(old, {}) == old
    assert repr(old) == before
