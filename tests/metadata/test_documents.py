"""Documents of entities: what is stored comes back, and the side tables say the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlmodel import Session, SQLModel, create_engine
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, QUEUE, TASK, USER, FieldPath, QueueEntry, TaskMetric, TaskValue, table_of
from trackyard.core.errors import ApiError
from trackyard.core.store import MetricBatch, name_hash


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA foreign_keys=ON"))
    SQLModel.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def side_rows(session: Session) -> set[tuple[str, str, float]]:
    value, path = table_of(TaskValue), table_of(FieldPath)
    rows = session.execute(select(path.c.path, value.c.text, value.c.number).join(path, path.c.num == value.c.path))
    return {(row[0], row[1], row[2]) for row in rows}


def test_a_new_task_has_every_list_and_dict(session: Session) -> None:
    task = store.insert(session, TASK, {"name": "first", "type": "training"}, by="me")
    document = store.require(session, TASK, task)
    assert document["execution"]["artifacts"] == []
    assert document["models"] == {"input": [], "output": []}
    assert document["output"] == document["runtime"] == document["container"] == document["last_metrics"] == {}
    assert document["tags"] == document["system_tags"] == document["unique_metrics"] == []
    assert document["last_iteration"] == 0
    assert document["last_changed_by"] == "me"
    assert {"started", "parent", "comment", "enqueue_status"}.isdisjoint(document)


def test_unknown_keys_and_the_order_of_keys_stay(session: Session) -> None:
    runtime = {"z": 1, "a": "2", "_priv": True, "b.c": 0.5, "$x": "ü", "nul": "a\x00b"}
    task = store.insert(session, TASK, {"name": "first", "runtime": runtime})
    assert list(store.require(session, TASK, task)["runtime"].items()) == list(runtime.items())


def test_times_are_utc_and_cut_to_milliseconds(session: Session) -> None:
    moment = datetime(2026, 11, 25, 12, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    task = store.insert(session, TASK, {"name": "first", "started": moment})
    assert store.require(session, TASK, task)["started"] == datetime(2026, 11, 25, 10, 0, 0, 123000, tzinfo=UTC)


def test_side_rows_follow_every_change(session: Session) -> None:
    parameter = {"section": "Args", "name": "lr", "value": "0.1"}
    task = store.insert(session, TASK, {"name": "first", "hyperparams": {"Args": {"lr": parameter}}, "tags": ["b", "a", "b"]})
    assert ("hyperparams.Args.lr.value", "0.1", 0.1) in side_rows(session)
    assert {row for row in side_rows(session) if row[0] == "tags"} == {("tags", "a", float("inf")), ("tags", "b", float("inf"))}
    store.update(session, TASK, task, {"hyperparams": {"My.Section": {"x": {**parameter, "value": "abc"}}}, "tags": ["c"]})
    rows = side_rows(session)
    assert ("hyperparams.My%2ESection.x.value", "abc", float("inf")) in rows
    assert {row[1] for row in rows if row[0] == "tags"} == {"c"}
    assert store.delete(session, TASK, [task, "absent"]) == 1
    assert side_rows(session) == set()


def test_a_dotted_change_touches_one_key(session: Session) -> None:
    task = store.insert(session, TASK, {"name": "first", "execution": {"queue": "q1", "artifacts": [1]}})
    fields = store.update(session, TASK, task, {"execution.queue": "q2"}, by="me")
    assert fields["execution.queue"] == "q2"
    assert store.require(session, TASK, task)["execution"] == {"queue": "q2", "artifacts": [1]}
    assert ("execution.queue", "q2", float("inf")) in side_rows(session)
    store.update(session, TASK, task, {"execution.queue": None})
    assert store.require(session, TASK, task)["execution"] == {"artifacts": [1]}
    store.update(session, TASK, task, {"runtime.a%2Eb": 1, "runtime.%_c": 2})
    assert store.require(session, TASK, task)["runtime"] == {"a.b": 1, "_c": 2}


@pytest.mark.parametrize(
    ("changes", "tells"),
    [({"name": "other"}, False), ({"tags": ["x"]}, False), ({"runtime": {"a": 1}}, True), ({"status": "queued"}, True)],
)
def test_last_update_moves_only_with_data(session: Session, changes: dict[str, Any], tells: bool) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    task = store.insert(session, TASK, {"name": "first", "last_update": long_ago, "last_change": long_ago})
    fields = store.update(session, TASK, task, changes, by="me")
    after = store.require(session, TASK, task)
    assert (after["last_update"] > long_ago) is tells
    assert after["last_change"] > long_ago
    assert after["last_changed_by"] == "me"
    assert ("last_update" in fields) is tells


def test_an_expected_value_that_changed_stops_the_update(session: Session) -> None:
    task = store.insert(session, TASK, {"name": "first", "status": "queued"})
    assert store.update(session, TASK, task, {"status": "in_progress"}, expected={"status": "created"}) == {}
    assert store.require(session, TASK, task)["status"] == "queued"
    assert store.update(
        session, TASK, task, {"started": None, "status": "created"}, expected={"started": None, "status": "queued"}
    )


def test_nothing_changes_without_changes_or_without_the_task(session: Session) -> None:
    task = store.insert(session, TASK, {"name": "first"})
    assert store.update(session, TASK, task, {}) == {}
    assert store.update(session, TASK, "absent", {"name": "other"}) == {}
    with pytest.raises(ValueError, match="nonsense"):
        store.update(session, TASK, task, {"nonsense": 1})


def batch(value: float, iteration: int, **more: Any) -> MetricBatch:
    return MetricBatch("loss", "train", value, value, iteration, value, iteration, value, iteration, 1, value, **more)


def test_metrics_are_merged_batch_by_batch(session: Session) -> None:
    task = store.insert(session, TASK, {"name": "first"})
    for value, iteration in ((3.0, 0), (1.0, 1), (2.0, 2)):
        store.record_metrics(session, TASK, task, [batch(value, iteration)])
    document = store.require(session, TASK, task)
    assert document["last_metrics"] == {
        name_hash("loss"): {
            name_hash("train"): {
                "metric": "loss", "variant": "train", "value": 2.0, "min_value": 1.0, "min_value_iteration": 1,
                "max_value": 3.0, "max_value_iteration": 0, "first_value": 3.0, "first_value_iteration": 0,
                "count": 3, "mean_value": 2.0,
            }
        }
    }  # fmt: skip
    assert document["unique_metrics"] == ["loss/train"]
    assert name_hash("loss") == "81513effdf5790b79549208838404407"
    store.update(session, TASK, task, {"last_metrics": {}})
    assert store.require(session, TASK, task)["last_metrics"] == {}
    assert session.execute(select(table_of(TaskMetric).c.owner)).all() == []


def test_other_kinds_round_trip(session: Session) -> None:
    project = store.insert(session, PROJECT, {"name": "a/b", "basename": "b", "path": ["r"], "system_tags": ["hidden"]})
    assert store.require(session, PROJECT, project)["path"] == ["r"]
    metadata = {"k.1": {"key": "k.1", "type": "int", "value": "5"}}
    model = store.insert(session, MODEL, {"name": "net", "metadata": metadata, "labels": {"cat": 1}})
    assert store.require(session, MODEL, model)["metadata"] == metadata
    user = store.insert(session, USER, {"name": "Ada", "password_hash": "x"})
    assert set(store.require(session, USER, user)) == {"id", "company", "name", "role", "created", "providers"}
    queue = store.insert(session, QUEUE, {"name": "gpu"})
    for position, task in ((5, "t1"), (-1, "t2")):
        session.add(QueueEntry(queue=queue, task=task, added=datetime(2026, 1, 1, tzinfo=UTC), position=position))
    session.flush()
    assert [entry["task"] for entry in store.require(session, QUEUE, queue)["entries"]] == ["t2", "t1"]


def test_an_unknown_id_is_the_protocols_error(session: Session) -> None:
    with pytest.raises(ApiError) as raised:
        store.require(session, QUEUE, "absent")
    assert (raised.value.code, raised.value.subcode) == (400, 701)


def test_company_limits_what_is_found(session: Session) -> None:
    mine = store.insert(session, TASK, {"name": "mine", "company": "c1"})
    public = store.insert(session, TASK, {"name": "public", "company": ""})
    assert store.existing(session, TASK, [mine, public, "absent"], company="c2") == {public}
    assert store.get(session, TASK, mine, company="c2") is None
    assert store.get(session, TASK, mine, company="c1", fields=["name"]) == {"name": "mine"}
