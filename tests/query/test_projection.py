"""Projections and the expansion of references."""

from typing import Any

import pytest
from sqlmodel import Session
from trackyard.core import clock, query, store
from trackyard.core.entities import MODEL, PROJECT, QUEUE, TASK, USER, Company, QueueEntry
from trackyard.core.identity import DEFAULT_COMPANY
from trackyard.core.store import MetricBatch, name_hash

from tests.query.helpers import ME, parameters, refusal, task

LOSS = f"last_metrics.{name_hash('loss')}.{name_hash('train')}"


def shown(session: Session, *fields: str, expand: bool = False, **body: Any) -> dict[str, Any]:
    """The first task with that projection."""
    return query.run(session, TASK, {"only_fields": list(fields), **body}, ME, expand=expand).items[0]


@pytest.fixture
def stored(session: Session) -> Session:
    """One task with a bit of everything."""
    identifier = task(
        session,
        "first",
        type="training",
        runtime={"version": "1", "a.b": 2, "_priv": 3, "$x": 4},
        hyperparams=parameters(lr="0.1", **{"b.c": "x"}),
        execution={"queue": "q1", "artifacts": [{"key": "k", "uri": "u"}]},
        tags=["x"],
        enqueue_status="created",
    )
    for metric in ("loss", "accuracy"):
        store.record_metrics(session, TASK, identifier, [MetricBatch(metric, "train", 1, 1, 0, 1, 0, 1, 0, 1, 1)])
    return session


def test_only_what_is_asked_for_is_answered(stored: Session) -> None:
    assert shown(stored, "name", "type") == {"name": "first", "type": "training"}
    assert shown(stored, "status", "started") == {"status": "created"}
    assert query.run(stored, TASK, {"projection": ["name"]}, ME).items == [{"name": "first"}]
    assert query.run(stored, TASK, {"only_fields": "name"}, ME).items == [{"name": "first"}]


def test_dotted_paths_keep_their_nesting(stored: Session) -> None:
    assert shown(stored, "execution.queue") == {"execution": {"queue": "q1"}}
    assert shown(stored, "execution.artifacts.uri") == {"execution": {"artifacts": [{"uri": "u"}]}}
    assert shown(stored, "hyperparams.Args.lr.value") == {"hyperparams": {"Args": {"lr": {"value": "0.1"}}}}
    found = shown(stored, f"{LOSS}.value")
    assert found == {"last_metrics": {name_hash("loss"): {name_hash("train"): {"value": 1.0}}}}
    assert set(shown(stored, "last_metrics")["last_metrics"]) == {name_hash("loss"), name_hash("accuracy")}
    assert set(shown(stored, f"last_metrics.{name_hash('loss')}")["last_metrics"]) == {name_hash("loss")}


def test_a_missing_leaf_still_gives_its_parent(stored: Session) -> None:
    assert shown(stored, "runtime.absent") == {"runtime": {}}
    assert shown(stored, "container.image", "output.destination") == {"container": {}, "output": {}}
    assert shown(stored, "hyperparams.Other.x.value") == {"hyperparams": {}}
    assert shown(stored, f"last_metrics.{'0' * 32}.{'1' * 32}") == {"last_metrics": {}}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("runtime.a%2Eb", {"a.b": 2}), ("runtime.a.b", {"a.b": 2}), ("runtime.%_priv", {"_priv": 3}),
        ("runtime._priv", {"_priv": 3}), ("runtime.%24x", {"$x": 4}), ("runtime.$x", {"$x": 4}),
    ],
)  # fmt: skip
def test_escaped_and_plain_segments(stored: Session, field: str, expected: dict[str, Any]) -> None:
    assert shown(stored, field) == {"runtime": expected}


def test_exclusions(stored: Session) -> None:
    found = shown(stored, "-runtime", "-execution.artifacts", "-hyperparams.Args.lr")
    assert "runtime" not in found
    assert found["execution"] == {"queue": "q1"}
    assert found["hyperparams"]["Args"].keys() == {"b.c"}
    assert shown(stored, "name", "type", "-type") == {"name": "first"}


def test_what_must_be_asked_for(stored: Session) -> None:
    everything = shown(stored)
    assert {"enqueue_status", "unique_metrics", "company_origin"}.isdisjoint(everything)
    assert everything.keys() >= {"id", "name", "tags", "models", "container", "runtime", "last_metrics", "configuration"}
    assert shown(stored, "enqueue_status", "unique_metrics") == {
        "enqueue_status": "created", "unique_metrics": ["accuracy/train", "loss/train"]
    }  # fmt: skip
    assert shown(stored, "*", "enqueue_status").keys() == {*everything, "enqueue_status"}


@pytest.mark.parametrize(
    "field", ["nonsense", "-nonsense", "project.name", "user.name", "name.x", "tags.x", "", ".", "execution_queue", "num"]
)
def test_unknown_fields_are_refused(session: Session, field: str) -> None:
    assert refusal(session, only_fields=[field]) == (400, 14)


def test_private_fields_are_refused(session: Session) -> None:
    for field in ("preferences", "password_hash"):
        assert refusal(session, USER, only_fields=[field]) == (400, 14)
        assert refusal(session, USER, order_by=[field]) == (400, 14)
    with pytest.raises(Exception, match="preferences"):
        store.insert(session, USER, {"id": "me", "name": "Me"})
        task(session, "a", user="me")
        query.run(session, TASK, {"only_fields": ["user.preferences"]}, ME, expand=True)


@pytest.fixture
def linked(session: Session) -> Session:
    """A task whose references all point somewhere."""
    session.add(Company(id=DEFAULT_COMPANY, name="acme", created=clock.now()))
    store.insert(session, USER, {"id": "me", "name": "Me", "company": DEFAULT_COMPANY})
    store.insert(session, PROJECT, {"id": "p1", "name": "a/p", "basename": "p", "company": DEFAULT_COMPANY})
    store.insert(session, QUEUE, {"id": "q1", "name": "gpu", "company": DEFAULT_COMPANY})
    store.insert(session, TASK, {"id": "t0", "name": "parent", "project": "p1", "company": "other"})
    store.insert(session, MODEL, {"id": "m1", "name": "net", "task": "t0", "uri": "u", "company": DEFAULT_COMPANY})
    models = {"input": [{"name": "one", "model": "m1"}, {"name": "two", "model": "gone"}], "output": []}
    task(session, "t", user="me", project="p1", parent="t0", execution={"queue": "q1"}, models=models)
    return session


def test_references_become_objects(linked: Session) -> None:
    found = shown(linked, expand=True)
    assert found["user"] == {"id": "me"}
    assert (found["project"], found["parent"], found["company"]) == ({"id": "p1"}, {"id": "t0"}, {"id": DEFAULT_COMPANY})
    assert found["execution"]["queue"] == {"id": "q1"}
    assert found["models"]["input"][0] == {"name": "one", "model": {"id": "m1"}}


def test_fields_of_references(linked: Session) -> None:
    fields = ("user.name", "project.name", "company.name", "parent.project.basename", "execution.queue.name")
    found = shown(linked, *fields, expand=True)
    del found["id"]
    assert found == {
        "user": {"id": "me", "name": "Me"},
        "project": {"id": "p1", "name": "a/p"},
        "company": {"id": DEFAULT_COMPANY, "name": "acme"},
        "parent": {"id": "t0", "project": {"id": "p1", "basename": "p"}},
        "execution": {"queue": {"id": "q1", "name": "gpu"}},
    }


def test_fields_of_references_inside_lists(linked: Session) -> None:
    found = shown(linked, "models.input.model.name", "models.input.model.task.project.id", "models.input.name", expand=True)
    assert found["models"]["input"] == [
        {"model": {"id": "m1", "name": "net", "task": {"id": "t0", "project": {"id": "p1"}}}, "name": "one"},
        {"model": {"id": "gone"}, "name": "two"},
    ]


def test_a_reference_to_nothing_keeps_its_id(session: Session) -> None:
    task(session, "t", parent="__DELETED__abc")
    assert shown(session, "parent.name", "project.name", expand=True)["parent"] == {"id": "__DELETED__abc"}
    assert "project" not in shown(session, "project.name", expand=True)


def test_unknown_fields_of_references_are_refused(linked: Session) -> None:
    with pytest.raises(Exception, match="nonsense"):
        shown(linked, "user.nonsense", expand=True)


def test_public_objects_have_an_empty_company(session: Session) -> None:
    task(session, "t", company="")
    assert shown(session, "company", expand=True)["company"] == {"id": ""}


def test_entries_of_queues(session: Session) -> None:
    queue = store.insert(session, QUEUE, {"name": "gpu", "company": DEFAULT_COMPANY})
    first = task(session, "first")
    session.add(QueueEntry(queue=queue, task=first, added=clock.now(), position=1))
    session.flush()
    item = query.run(session, QUEUE, {"only_fields": ["*", "entries.task.name"]}, ME, expand=True).items[0]
    assert item["entries"][0]["task"] == {"id": first, "name": "first"}
    assert item["entries"][0].keys() == {"task", "added"}
    assert item["metadata"] == {}
    assert query.run(session, QUEUE, {"only_fields": ["id", "tags"]}, ME).items == [{"id": queue, "tags": []}]
    plain = query.run(session, QUEUE, {}, ME).items[0]
    assert plain["entries"][0]["task"] == first


def test_one_document_by_id(linked: Session) -> None:
    found = query.get(linked, PROJECT, "p1", {"only_fields": ["name", "user.name"]}, ME)
    assert found == {"id": "p1", "name": "a/p"}
    assert query.get(linked, PROJECT, "p1", {}, ME)["path"] == []
    with pytest.raises(Exception, match="Invalid project id"):
        query.get(linked, PROJECT, "absent", {}, ME)
    with pytest.raises(Exception, match="Invalid task id"):
        query.get(linked, TASK, "t0", {}, ME)
