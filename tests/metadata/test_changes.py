"""Changes that kinds of objects have in common, on a database in memory."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, FileDeletion, table_of
from trackyard.core.errors import ApiError

from tests.projects.conftest import ME, close_session, open_session


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on a database of the test's own."""
    opened = open_session()
    yield opened
    close_session(opened)


def test_tags_are_added_and_removed(session: Session) -> None:
    models = [store.insert(session, MODEL, {"name": "one", "company": "c1", "tags": ["a", "b"]}) for _ in range(2)]
    foreign = store.insert(session, MODEL, {"name": "one", "company": "c2", "tags": ["a"]})
    assert store.change_tags(session, MODEL, [*models, foreign, "absent"], ME, add=["c"], remove=["a", "x"]) == 2
    assert store.change_tags(session, MODEL, models, ME, add=["c"]) == 0
    assert [store.require(session, MODEL, model)["tags"] for model in models] == [["b", "c"], ["b", "c"]]
    assert store.require(session, MODEL, foreign)["tags"] == ["a"]


def test_an_object_is_archived_once(session: Session) -> None:
    model = store.insert(session, MODEL, {"name": "one", "company": "c1", "system_tags": ["x"]})
    assert store.archive(session, MODEL, model, ME) is True
    assert store.archive(session, MODEL, model, ME) is False
    assert store.require(session, MODEL, model)["system_tags"] == ["archived", "x"]
    assert store.unarchive(session, MODEL, model, ME) is True
    assert store.unarchive(session, MODEL, model, ME) is False
    with pytest.raises(ApiError, match="Invalid model id"):
        store.archive(session, MODEL, "absent", ME)


def test_a_public_object_can_be_changed_by_nobody_until_it_is_private_again(session: Session) -> None:
    project = store.create_project(session, ME, "shown")
    assert store.make_public(session, PROJECT, [project, project], ME) == 1
    assert store.require(session, PROJECT, project, company="c2")["company"] == ""
    for change in (store.archive, store.unarchive):
        with pytest.raises(ApiError, match="Invalid project id"):
            change(session, PROJECT, project, ME)
    with pytest.raises(ApiError, match="Invalid project id"):
        store.make_public(session, PROJECT, [project], ME)
    assert store.make_private(session, PROJECT, [project], ME) == 1
    assert store.require(session, PROJECT, project)["company"] == "c1"
    with pytest.raises(ApiError, match="Invalid project id"):
        store.make_private(session, PROJECT, [project], ME)


def test_a_name_is_taken_once_among_public_projects_too(session: Session) -> None:
    store.insert(session, PROJECT, {"name": "same", "basename": "same", "company": ""})
    mine = store.insert(session, PROJECT, {"name": "same", "basename": "same", "company": "c1"})
    with pytest.raises(ApiError) as failure:
        store.make_public(session, PROJECT, [mine], ME)
    assert failure.value.subcode == 801


def test_files_that_lost_their_owner_are_noted_once(session: Session) -> None:
    assert store.schedule_deletion(session, ["b", "a", "a", ""], ME, task="t1") == 2
    assert store.schedule_deletion(session, [], ME) == 0
    table = table_of(FileDeletion)
    rows = session.execute(select(table.c.url, table.c.task, table.c.status, table.c.user).order_by(table.c.url)).all()
    assert [tuple(row) for row in rows] == [("a", "t1", "waiting", "u1"), ("b", "t1", "waiting", "u1")]
