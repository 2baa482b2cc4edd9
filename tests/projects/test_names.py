"""Names of projects: what is cleaned, what is refused, and the parents that come into being."""

import pytest
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import PROJECT
from trackyard.core.errors import ApiError

from tests.projects.conftest import ME


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("plain", "plain"),
        ("prb//x", "prb/x"),
        ("/lead/trail/", "lead/trail"),
        (" one / two ", "one/two"),
        ("a/b", "a/b"),
        ("p/.datasets/d s", "p/.datasets/d s"),
    ],
)
def test_a_name_is_cleaned(given: str, stored: str) -> None:
    assert store.clean_project_name(given) == stored


@pytest.mark.parametrize(
    ("name", "subcode"),
    [("", 407), (" / /", 407), ("ab", 800), ("/a/", 800), ("x" * 601, 800), ("/".join("abcdefghijk"), 409)],
)
def test_a_bad_name_is_refused(name: str, subcode: int) -> None:
    with pytest.raises(ApiError) as failure:
        store.clean_project_name(name)
    assert (failure.value.code, failure.value.subcode) == (400, subcode)


def test_ten_levels_are_allowed() -> None:
    assert store.clean_project_name("/".join("abcdefghij")) == "a/b/c/d/e/f/g/h/i/j"


def test_parents_come_into_being_and_are_shared(session: Session) -> None:
    deep = store.create_project(session, ME, "a/b/c", {"description": "deep", "tags": ["t"]})
    side = store.create_project(session, ME, "a/b/d")
    found = store.require(session, PROJECT, deep)
    assert found["name"] == "a/b/c"
    assert (found["basename"], found["description"], found["tags"], found["user"]) == ("c", "deep", ["t"], "u1")
    top, middle = store.project_named(session, "c1", "a"), store.project_named(session, "c1", "a/b")
    assert found["path"] == [top, middle]
    assert found["parent"] == middle == store.require(session, PROJECT, side)["parent"]
    assert "parent" not in store.require(session, PROJECT, str(top))
    assert store.descendants(session, [str(top)]) == sorted([str(middle), deep, side])


def test_a_name_is_taken_once_in_a_company(session: Session) -> None:
    first = store.create_project(session, ME, "a/b")
    for name, subcode in (("a / b", 801), ("a/b/", 801)):
        with pytest.raises(ApiError) as failure:
            store.create_project(session, ME, name)
        assert failure.value.subcode == subcode
    assert store.ensure_project(session, ME, "/a/b") == first


def test_a_public_name_is_taken_too(session: Session) -> None:
    store.insert(session, PROJECT, {"name": "examples", "basename": "examples", "company": ""})
    with pytest.raises(ApiError) as failure:
        store.ensure_project(session, ME, "examples")
    assert failure.value.subcode == 414


def test_the_project_that_a_request_names(session: Session) -> None:
    made = store.chosen_project(session, ME, {"project_name": "new/one"})
    assert store.chosen_project(session, ME, {"project": made}) == made
    assert store.chosen_project(session, ME, {"project": None}) is None
    for body, subcode in (({}, 11), ({"project": "nowhere"}, 401)):
        with pytest.raises(ApiError) as failure:
            store.chosen_project(session, ME, body)
        assert failure.value.subcode == subcode
