"""Answers of ``*_many`` endpoints."""

from typing import Any

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL
from trackyard.core.errors import ApiError, invalid_id
from trackyard.core.protocol.many import many_calls, many_in_unit, many_in_units

from tests.projects.conftest import close_session, open_session


def test_what_fails_is_undone_and_the_rest_is_done() -> None:
    session: Session = open_session()
    first, second = (store.insert(session, MODEL, {"name": name}) for name in ("first", "second"))

    def work(model: str) -> dict[str, Any]:
        if not store.update(session, MODEL, model, {"comment": "seen"}):
            raise invalid_id("model", model)
        if model == first:
            raise ApiError(400, 203, "Model is ready", data={"why": 1})
        return {"done": True}

    answer = many_in_unit(session, [first, second, second, "absent"], work)
    assert answer["succeeded"] == [{"id": second, "done": True}]
    assert [(item["id"], item["error"]["codes"], item["error"]["data"]) for item in answer["failed"]] == [
        (first, [400, 203], {"why": 1}),
        ("absent", [400, 201], {}),
    ]
    assert "comment" not in store.require(session, MODEL, first)
    assert store.require(session, MODEL, second)["comment"] == "seen"
    close_session(session)


class Units:
    """A store that counts its units of work."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.count = 0

    async def write(self, work: Any) -> Any:
        """Run a unit of work."""
        self.count += 1
        return work(self.session)


async def test_many_objects_are_several_units_of_work() -> None:
    session = open_session()
    store_ = Units(session)
    ids = [f"id {number}" for number in range(250)]
    answer = await many_in_units(store_, [*ids, *ids], lambda session, one: {"seen": one})  # type: ignore[arg-type]
    assert answer == {"succeeded": [{"id": one, "seen": one} for one in ids], "failed": []}
    assert store_.count == 3
    close_session(session)


async def test_calls_are_reported_one_by_one() -> None:
    async def work(one: str) -> dict[str, Any]:
        if one == "bad":
            raise invalid_id("task", one)
        return {}

    answer = await many_calls(["good", "bad"], work)
    assert answer["succeeded"] == [{"id": "good"}]
    assert answer["failed"][0]["error"]["msg"] == "Invalid task id: id=bad"
