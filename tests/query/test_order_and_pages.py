"""Order, pages and scrolls, on both databases."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.entities import MODEL, PROJECT, TASK, USER
from trackyard.core.errors import ApiError
from trackyard.core.identity import DEFAULT_COMPANY, Identity
from trackyard.core.query import pages
from trackyard.core.query.find import Finder
from trackyard.core.query.order import parse
from trackyard.core.query.pages import ScrollState, Window
from trackyard.core.store import MetricBatch, name_hash

from tests.query.helpers import ME, names, parameters, refusal, task

LOSS = f"last_metrics.{name_hash('loss')}.{name_hash('train')}"


def metric(session: Session, task_id: str, value: float) -> None:
    """Report one value of loss/train."""
    store.record_metrics(session, TASK, task_id, [MetricBatch("loss", "train", value, value, 0, value, 0, value, 0, 1, value)])


def test_without_order_tasks_come_as_they_were_created(session: Session) -> None:
    for name in ("c", "a", "b"):
        task(session, name)
    assert names(session) == ["c", "a", "b"]
    assert names(session, order_by=[]) == ["c", "a", "b"]


def test_several_keys_and_ties_by_id(session: Session) -> None:
    for number, (name, kind) in enumerate((("a", "training"), ("b", "testing"), ("a", "testing"), ("b", "training"))):
        task(session, name, type=kind, id=f"{9 - number:032x}")
    assert names(session, order_by=["-name", "type"]) == ["b", "b", "a", "a"]
    items = query.run(session, TASK, {"order_by": ["name"], "only_fields": ["id"]}, ME).items
    assert [int(item["id"], 16) for item in items] == [7, 9, 6, 8]


@pytest.mark.parametrize("key", ["started", "active_duration", "comment", "parent"])
def test_what_lacks_the_key_comes_last(session: Session, key: str) -> None:
    values: dict[str, list[Any]] = {
        "started": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
        "active_duration": [5, 10],
        "comment": ["k", "l"],
        "parent": ["k", "l"],
    }
    task(session, "none", id="0" * 32)
    task(session, "high", **{key: values[key][1]})
    task(session, "low", **{key: values[key][0]})
    assert names(session, order_by=[key]) == ["low", "high", "none"]
    assert names(session, order_by=[f"-{key}"]) == ["high", "low", "none"]


@pytest.mark.parametrize("more", [[], ["name"]])
def test_hyperparameters_sort_as_numbers(session: Session, more: list[str]) -> None:
    for value in ("10", "9", "1e3", "-2.5", "ten", "eleven", "nan", "inf"):
        task(session, value, hyperparams=parameters(p=value))
    task(session, "none")
    expected = ["-2.5", "9", "10", "1e3", "eleven", "inf", "nan", "ten"]
    assert names(session, order_by=["hyperparams.Args.p.value", *more]) == [*expected, "none"]
    assert names(session, order_by=["-hyperparams.Args.p.value", *more]) == [*reversed(expected), "none"]


def test_metrics_sort_and_the_rest_follows(session: Session) -> None:
    for name, value in (("a", 0.5), ("b", -1.0), ("c", 0.5), ("d", 2.0)):
        metric(session, task(session, name), value)
    for name in ("y", "x"):
        task(session, name)
    assert names(session, order_by=[f"{LOSS}.value", "name"]) == ["b", "a", "c", "d", "x", "y"]
    assert names(session, order_by=[f"-{LOSS}.max_value", "-name"]) == ["d", "c", "a", "b", "y", "x"]
    assert names(session, order_by=["-name", f"{LOSS}.value"])[:2] == ["y", "x"]
    assert names(session, order_by=[f"-{LOSS}.min_value", "name"], page=1, page_size=4) == ["x", "y"]
    assert names(session, order_by=[f"-{LOSS}.min_value", "name"], page=1, page_size=3) == ["b", "x", "y"]
    assert names(session, order_by=[f"-{LOSS}.min_value", "name"], page=5, page_size=1) == ["y"]
    assert names(session, order_by=[f"-{LOSS}.min_value", "name"], page=6, page_size=1) == []
    ids = query.ids(session, TASK, {"order_by": [f"{LOSS}.value", "name"], "page_size": 2}, ME)
    every = query.run(session, TASK, {"order_by": [f"{LOSS}.value", "name"], "only_fields": ["id"]}, ME).items
    assert ids == [item["id"] for item in every]


def test_an_unreported_metric_orders_nothing(session: Session) -> None:
    for name in ("b", "a"):
        task(session, name)
    assert names(session, order_by=[f"last_metrics.{'0' * 32}.{'1' * 32}.value", "name"]) == ["a", "b"]


def test_references_sort_by_their_names(session: Session) -> None:
    for user in ("Zoe", "Ada"):
        store.insert(session, USER, {"id": user, "name": user})
        task(session, f"of {user}", user=user)
    task(session, "of nobody")
    assert names(session, order_by=["user.name"]) == ["of Ada", "of Zoe", "of nobody"]
    assert refusal(session, order_by=["user.nonsense"]) == (400, 14)
    assert refusal(session, order_by=["user.tags"]) == (400, 14)


@pytest.mark.parametrize("order", [["nonsense"], ["created", "-x.y"], "created", ["hyperparamss.a"], [""], ["-"]])
def test_unknown_keys_are_refused(session: Session, order: Any) -> None:
    assert refusal(session, order_by=order) == (400, 14)


def test_odd_orders(session: Session) -> None:
    task(session, "a")
    assert refusal(session, order_by=[1]) == (400, 12)
    assert refusal(session, order_by={"a": 1}) == (400, 12)
    assert refusal(session, order_by=["name"] * 11) == (400, 12)
    assert names(session, order_by=["@text_score"]) == names(session, order_by=None) == ["a"]


def test_featured_projects_come_first(session: Session) -> None:
    for name, featured in (("a", None), ("b", 1), ("c", 2)):
        store.insert(session, PROJECT, {"name": name, "basename": name, "company": DEFAULT_COMPANY, "featured": featured})
    assert names(session, PROJECT, order_by=["-featured", "name"]) == ["c", "b", "a"]


def test_pages(session: Session) -> None:
    for number in range(7):
        task(session, f"t{number}")
    assert names(session, page=0, page_size=3) == ["t0", "t1", "t2"]
    assert names(session, page=2, page_size=3) == ["t6"]
    assert names(session, page=3, page_size=3) == []
    assert names(session, page_size=2) == ["t0", "t1"]
    assert len(names(session, page=0)) == 7
    assert names(session, start=5, size=1) == ["t5"]
    assert names(session, page_size=None, page=None)[0] == "t0"


@pytest.mark.parametrize(
    "body", [{"page": -1}, {"page_size": 0}, {"page_size": "3"}, {"page": 1.5}, {"start": -1}, {"page": True}, {"page": 10**30}]
)
def test_odd_pages_are_refused(session: Session, body: dict[str, Any]) -> None:
    assert refusal(session, **body) == (400, 12)


def test_a_page_has_at_most_500(session: Session) -> None:
    for number in range(502):
        store.insert(session, MODEL, {"name": f"m{number}", "company": DEFAULT_COMPANY})
    assert len(names(session, MODEL)) == 500
    assert len(names(session, MODEL, page_size=10_000)) == 500
    assert len(names(session, MODEL, page=1, page_size=10_000)) == 2
    assert query.count(session, MODEL, {}, ME) == 502
    assert len(query.ids(session, MODEL, {"order_by": ["-created"]}, ME)) == 502


def scroll_through(session: Session, order: list[str], size: int) -> list[str]:
    """The names of all tasks, read by a scroll in steps of ``size``."""
    finder = Finder(session, TASK, [], parse(session, TASK, order))
    after: list[Any] | None = None
    seen: list[int] = []
    while True:
        nums, last = finder.part(Window(size, scroll=ScrollState("s", "f", after)))
        if not nums:
            break
        seen += nums
        after = last
    return [document["name"] for document in store.load(session, TASK, seen, {"name"})]


@pytest.mark.parametrize(
    "order",
    [
        [], ["name"], ["-name"], ["started"], ["-started", "name"], ["type", "-started"], ["hyperparams.Args.p.value"],
        ["-hyperparams.Args.p.value", "started"], [f"{LOSS}.value"], [f"-{LOSS}.value", "-started"], ["type", f"{LOSS}.value"],
        ["-type", "-hyperparams.Args.p.value"], ["runtime.absent"], ["tags"],
    ],
)  # fmt: skip
def test_a_scroll_sees_everything_once_in_order(session: Session, order: list[str]) -> None:
    for number in range(17):
        created: dict[str, Any] = {"type": "training" if number % 2 else "testing"}
        if number % 3:
            created["started"] = datetime(2026, 1, 1 + number % 4, tzinfo=UTC)
        if number % 5:
            created["hyperparams"] = parameters(p=str(number % 4) if number % 2 else f"text {number % 3}")
        if number % 4 == 0:
            created["tags"] = [f"tag{number % 3}"]
        identifier = task(session, f"t{number % 6} {number}", **created)
        if number % 4:
            metric(session, identifier, float(number % 5))
    whole = names(session, order_by=order)
    assert len(whole) == 17
    for size in (1, 2, 5, 17, 50):
        assert scroll_through(session, order, size) == whole


def test_infinity_survives_being_remembered(session: Session) -> None:
    state = ScrollState("s", "f", [0, [math.inf, "text", None, 5, "id"]])
    pages.save(session, TASK, ME, state)
    session.flush()
    again = pages._scroll(session, TASK, {"scroll_id": "s"}, ME)
    assert again.id == "s"
    assert pages._unpacked(pages._packed(state.after)) == state.after


def scroll(session: Session, identity: Identity = ME, **body: Any) -> tuple[list[str], str]:
    """One step of a scroll: the names and the scroll's id, with its place kept."""
    result, state = query.run.__globals__["_page"](
        session, TASK, {"only_fields": ["name"], **body}, identity, expand=False, extra=(), where=()
    )
    pages.save(session, TASK, identity, state)
    session.flush()
    return [item["name"] for item in result.items], result.scroll_id


def test_the_life_of_a_scroll(session: Session) -> None:
    for number in range(5):
        task(session, f"t{number}")
    first, scroll_id = scroll(session, scroll_id=None, size=2)
    assert first == ["t0", "t1"]
    assert scroll(session, scroll_id=scroll_id, size=2) == (["t2", "t3"], scroll_id)
    assert scroll(session, scroll_id=scroll_id, size=2) == (["t4"], scroll_id)
    assert scroll(session, scroll_id=scroll_id, size=2) == ([], scroll_id)
    task(session, "t5")
    assert scroll(session, scroll_id=scroll_id, size=2) == (["t5"], scroll_id)
    assert scroll(session, scroll_id=scroll_id, size=2, refresh_scroll=True) == (["t0", "t1"], scroll_id)
    assert scroll(session, scroll_id=scroll_id, size=2, name="[34]") == (["t3", "t4"], scroll_id)
    for other in ("", "unknown", 5):
        again, new_id = scroll(session, scroll_id=other, size=2)
        assert again == ["t0", "t1"]
        assert new_id not in {scroll_id, other}
    stolen, new_id = scroll(session, Identity(user="other", name="Other"), scroll_id=scroll_id, size=2)
    assert (stolen, new_id == scroll_id) == (["t0", "t1"], False)
    assert len(scroll(session, scroll_id=None, size=5000)[0]) == 6
    assert len(scroll(session, scroll_id=None, page_size=3)[0]) == 3


def test_a_row_that_moves_is_not_seen_twice(session: Session) -> None:
    ids = [task(session, f"t{number}", started=datetime(2026, 1, 1 + number, tzinfo=UTC)) for number in range(6)]
    first, scroll_id = scroll(session, scroll_id=None, size=3, order_by=["-started"])
    assert first == ["t5", "t4", "t3"]
    store.update(session, TASK, ids[4], {"started": datetime(2026, 2, 1, tzinfo=UTC)})
    assert scroll(session, scroll_id=scroll_id, size=3, order_by=["-started"]) == (["t2", "t1", "t0"], scroll_id)


def test_run_keeps_no_scroll(session: Session) -> None:
    task(session, "a")
    result = query.run(session, TASK, {"scroll_id": None}, ME)
    assert result.scroll_id is None
    assert result.answer("tasks") == {"tasks": result.items}
    assert query.QueryResult([], "s").answer("tasks") == {"tasks": [], "scroll_id": "s"}


def test_sizes_of_scrolls_are_checked(session: Session) -> None:
    with pytest.raises(ApiError):
        scroll(session, scroll_id=None, size=0)
