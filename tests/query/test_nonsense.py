"""Requests that make no sense are refused by the protocol's errors or find nothing; they never break a statement."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from trackyard.core.entities import KINDS
from trackyard.core.store import name_hash

from tests.query.helpers import names, parameters, refusal, task

TEXTS = st.sampled_from(
    ["", "a", "-", "--", "__$not", "__$all", "\x00", "a\x00b", "é", "%", "_", "'", '"', "1e400", "nan", ">2026", "9" * 400]
)
TEXTS |= st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
NAMES = """hyperparams.Args.p.value hyperparams hyperparams.a hyperparams.. runtime.x runtime. metadata.k.value last_metrics
last_metrics.a.b models.input.model entries.task execution.queue execution.parameters.a.b configuration.x script.diff project.name
_any_ filters search_text include_subprojects shallow_search search_hidden allow_public order_by only_fields page page_size
start size"""
PATHS = st.sampled_from([*NAMES.split(), f"last_metrics.{name_hash('a')}.{name_hash('b')}.value"])
FIELDS = st.sampled_from(sorted({name for kind in KINDS.values() for name in kind.fields}))
MULTI = st.fixed_dictionaries({"fields": st.lists(FIELDS | PATHS, max_size=3), "pattern": VALUES}) | st.fixed_dictionaries(
    {"fields": st.lists(FIELDS, max_size=3), "datetime": VALUES}
)
SECTIONS = st.dictionaries(
    st.sampled_from(["any", "all", "op"]), st.fixed_dictionaries({"include": VALUES, "exclude": VALUES}) | VALUES
)
BODIES = st.dictionaries(FIELDS | PATHS | TEXTS, VALUES, max_size=4) | st.fixed_dictionaries(
    {},
    optional={
        "_any_": MULTI, "_all_": MULTI, "filters": st.dictionaries(FIELDS | TEXTS, SECTIONS, max_size=2),
        "order_by": st.lists(FIELDS | PATHS | TEXTS, max_size=3), "only_fields": st.lists(FIELDS | PATHS | TEXTS, max_size=3),
    },
)  # fmt: skip


@settings(max_examples=150)
@given(kind=st.sampled_from(sorted(KINDS)), body=BODIES)
def test_anything_is_answered_or_refused(session: Session, kind: str, body: dict[str, Any]) -> None:
    with session.begin_nested() as savepoint:
        task(session, "a", tags=["t"], hyperparams=parameters(p="1"), runtime={"x": 1})
        code, subcode = refusal(session, KINDS[kind], **body)
        assert (code, subcode) == (200, 0) or (code == 400 and subcode in {12, 14, 16, 21})
        savepoint.rollback()


@pytest.mark.parametrize(
    "body",
    [
        {"tags": ["__$all", *(f"t{number}" for number in range(2000))]},
        {"tags": ["t"] * 30_000},
        {"filters": {"tags": {"any": {"include": [f"t{number}" for number in range(2000)]}}}},
        {f"runtime.k{number}": [1] for number in range(2000)},
        {"_any_": {"fields": ["name"] * 2000, "pattern": "x"}},
        {"order_by": ["name"] * 2000},
        {"only_fields": ["name"] * 20_000},
    ],
)
def test_endless_requests_are_refused(session: Session, body: dict[str, Any]) -> None:
    assert refusal(session, **body) == (400, 12)


def test_long_lists_of_exclusions_work(session: Session) -> None:
    task(session, "a", tags=["t1"])
    task(session, "b", tags=["other"])
    without = [part for number in range(250) for part in ("__$not", f"t{number}")]
    assert names(session, tags=without) == ["b"]
    assert names(session, type=["__$not", "testing"] * 250) == ["a", "b"]


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{60}){60}){60}",
        "(a{0,255}){0,255}",
        "a{256}",
        r"(?<=a)b",
        r"(?P<n>a)(?P=n)",
        r"(?i:a)b",
        r"(?m)^a",
        r"[^\W]",
        r"(a)(?(1)b|c)",
        "(?>a)b",
    ],
)
def test_unusual_patterns_are_answered_or_refused(session: Session, pattern: str) -> None:
    task(session, "a" * 300)
    assert refusal(session, name=pattern) in {(200, 0), (400, 21)}
