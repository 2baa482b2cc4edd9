"""Conformance suite of the metadata contract: subclass it and say how a store is opened.

class TestMine(MetadataStoreSuite):
    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: MyBackend().open("mine:", tmp_path)
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Table, func, update
from sqlmodel import Session, select
from trackyard.core import clock, store
from trackyard.core.contracts.metadata import MetadataStore, StoreUnavailable
from trackyard.core.entities import MODEL, TASK, KeyValue, Kind, Task, table_of

Opener = Callable[[], Awaitable[MetadataStore]]
PATIENCE = 60.0


def put(key: str, value: object) -> Callable[[Session], None]:
    """A unit that stores a value."""
    return lambda session: session.add(KeyValue(scope="suite", key=key, value=value, updated=clock.now()))


def value_of(key: str) -> Callable[[Session], object]:
    """A unit that reads a value; None when there is none."""

    def work(session: Session) -> object:
        found = session.get(KeyValue, ("suite", key))
        return found.value if found else None

    return work


def counting(table: Table) -> Callable[[Session], int]:
    """A unit that counts the rows of a table."""
    return lambda session: session.execute(select(func.count()).select_from(table)).scalar() or 0


def changing(task: str, changes: dict[str, Any]) -> Callable[[Session], object]:
    """A unit that changes a task."""
    return lambda session: store.update(session, TASK, task, changes)


def inserting(kind: Kind, document: dict[str, Any]) -> Callable[[Session], str]:
    """A unit that stores a new document."""
    return lambda session: store.insert(session, kind, document)


count = counting(table_of(KeyValue))


def add_one(session: Session) -> int:
    """A unit that reads a number and writes the next one."""
    row = session.get(KeyValue, ("suite", "counter"))
    if row is None:
        row = KeyValue(scope="suite", key="counter", value=0, updated=clock.now())
    row.value = int(row.value) + 1
    session.add(row)
    return int(row.value)


class Refused(Exception):
    """What a unit raises to undo itself."""


class MetadataStoreSuite:
    """What every metadata store does. ``opener`` is a fixture of the subclass; it opens the same store each time."""

    @pytest.fixture
    async def opened(self, opener: Opener) -> AsyncIterator[MetadataStore]:
        """An open store."""
        opened = await opener()
        yield opened
        await opened.close()

    async def test_it_is_a_metadata_store_that_answers(self, opened: MetadataStore) -> None:
        """The members of the contract are there."""
        assert isinstance(opened, MetadataStore)
        assert opened.dialect in {"sqlite", "postgresql"}
        await opened.check()

    async def test_a_unit_gives_back_its_value(self, opened: MetadataStore) -> None:
        """Of reading and of writing."""
        assert await opened.read(lambda session: "read") == "read"
        assert await opened.write(lambda session: "written") == "written"

    async def test_a_read_sees_what_a_write_returned(self, opened: MetadataStore) -> None:
        """Ordering: what was answered is seen by all that start later."""
        for number in range(20):
            await opened.write(put(f"k{number}", number))
            assert await opened.read(value_of(f"k{number}")) == number

    async def test_what_was_written_survives_closing(self, opener: Opener) -> None:
        """Durability over a restart."""
        first = await opener()
        await first.write(put("k", {"ü": [1, None, 0.5]}))
        await first.close()
        second = await opener()
        assert await second.read(value_of("k")) == {"ü": [1, None, 0.5]}
        await second.close()

    async def test_an_error_undoes_its_own_unit_only(self, opened: MetadataStore) -> None:
        """Atomicity, also when units are joined in one commit; the error passes unchanged."""
        raised = Refused("no")

        def refuse(session: Session) -> None:
            put("refused", 1)(session)
            session.flush()
            raise raised

        units = [refuse if number % 3 == 0 else put(f"k{number}", number) for number in range(30)]
        outcomes = await asyncio.gather(*(opened.write(unit) for unit in units), return_exceptions=True)
        assert [outcome is raised for outcome in outcomes] == [number % 3 == 0 for number in range(30)]
        assert await opened.read(count) == 20
        assert await opened.read(value_of("refused")) is None

    async def test_a_commit_inside_a_unit_is_not_the_end_of_it(self, opened: MetadataStore) -> None:
        """A unit cannot make half of itself permanent."""

        def commit_and_refuse(session: Session) -> None:
            put("half", 1)(session)
            session.commit()
            raise Refused

        with pytest.raises(Refused):
            await opened.write(commit_and_refuse)
        assert await opened.read(value_of("half")) is None

    async def test_a_broken_statement_undoes_its_own_unit_only(self, opened: MetadataStore) -> None:
        """A constraint that fails is told to its caller."""
        await opened.write(put("same", 1))
        outcomes = await asyncio.gather(
            opened.write(put("a", 1)), opened.write(put("same", 2)), opened.write(put("b", 1)), return_exceptions=True
        )
        assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, False]
        assert await opened.read(value_of("same")) == 1
        assert await opened.read(count) == 3

    async def test_concurrent_units_lose_no_update(self, opened: MetadataStore) -> None:
        """Isolation: as if one ran after the other."""
        values = await asyncio.gather(*(opened.write(add_one) for _ in range(40)))
        assert sorted(values) == list(range(1, 41))

    async def test_a_read_unit_sees_one_state(self, opened: MetadataStore) -> None:
        """A write that returns while a read unit is at work is not seen by it."""
        await opened.write(put("k", "before"))
        began, go_on = threading.Event(), threading.Event()

        def look_twice(session: Session) -> tuple[object, object]:
            first = value_of("k")(session)
            began.set()
            go_on.wait(PATIENCE)
            session.expire_all()
            return first, value_of("k")(session)

        looking = asyncio.create_task(opened.read(look_twice))
        while not began.is_set():  # noqa: ASYNC110 - the event is set by a thread
            await asyncio.sleep(0.005)
        table = table_of(KeyValue)
        await opened.write(lambda session: session.execute(update(table).values(value="after")).close())
        go_on.set()
        assert await looking == ("before", "before")
        assert await opened.read(value_of("k")) == "after"

    async def test_a_read_unit_changes_nothing(self, opened: MetadataStore) -> None:
        """Refused or dropped."""
        outcome = await asyncio.gather(opened.read(put("k", 1)), return_exceptions=True)
        assert len(outcome) == 1
        assert await opened.read(value_of("k")) is None

    async def test_a_caller_that_gives_up_harms_nobody(self, opened: MetadataStore) -> None:
        """Cancelled callers; other units go on."""
        tasks = [asyncio.create_task(opened.write(put(f"k{number}", number))) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not any(isinstance(outcome, BaseException) for outcome in outcomes[1::2])
        assert [await opened.read(value_of(f"k{number}")) for number in range(1, 20, 2)] == list(range(1, 20, 2))

    async def test_a_closed_store_says_so(self, opener: Opener) -> None:
        """Closing twice is harmless."""
        opened = await opener()
        await opened.close()
        await opened.close()
        with pytest.raises(StoreUnavailable):
            await opened.read(count)
        with pytest.raises(StoreUnavailable):
            await opened.write(add_one)

    async def test_units_that_wait_are_finished_by_closing(self, opener: Opener) -> None:
        """What was accepted is written."""
        opened = await opener()
        tasks = [asyncio.create_task(opened.write(put(f"k{number}", number))) for number in range(30)]
        await asyncio.sleep(0)
        await opened.close()
        await asyncio.gather(*tasks)
        again = await opener()
        assert await again.read(count) == 30
        await again.close()

    async def test_documents_come_back_as_they_were(self, opened: MetadataStore) -> None:
        """Order of keys, unknown keys, NUL, the least 32-bit number, long texts."""
        runtime = {"z": -(2**31), "a": "nul \x00 text", "Ü.$": 1e300, "list": [{"b": None, "a": 2**53}], "long": "x" * 100_000}
        task = await opened.write(
            lambda session: store.insert(session, TASK, {"name": "nul\x00name", "runtime": runtime, "last_iteration": 2**40})
        )
        document = await opened.read(lambda session: store.require(session, TASK, task))
        assert list(document["runtime"].items()) == list(runtime.items())
        assert (document["name"], document["last_iteration"]) == ("nulname", 2**40)

    async def test_a_nul_in_what_is_looked_for_harms_nothing(self, opened: MetadataStore) -> None:
        """Ids and names of clients may hold anything."""
        await opened.write(inserting(TASK, {"name": "first", "user": "u"}))
        for text in ("\x00", "u\x00", "\x00u"):
            found = await opened.read(lambda session, t=text: session.exec(select(Task).where(Task.user == t)).all())  # type: ignore[misc]
            assert list(found) == []
        found_id = await opened.write(inserting(TASK, {"name": "second", "user": "a\x00b"}))
        assert await opened.read(lambda session: store.require(session, TASK, found_id)["name"]) == "second"

    async def test_units_that_change_different_fields_keep_both(self, opened: MetadataStore) -> None:
        """An agent writes the runtime while the SDK writes hyperparameters."""
        task = await opened.write(lambda session: store.insert(session, TASK, {"name": "first"}))
        changes: list[dict[str, Any]] = [{f"runtime.key{number}": number} for number in range(8)]
        changes += [{"hyperparams.Args": {}}, {"comment": "c"}]
        await asyncio.gather(*(opened.write(changing(task, change)) for change in changes))
        document = await opened.read(lambda session: store.require(session, TASK, task))
        assert document["runtime"] == {f"key{number}": number for number in range(8)}
        assert (document["hyperparams"], document["comment"]) == ({"Args": {}}, "c")

    async def test_names_are_interned_once(self, opened: MetadataStore) -> None:
        """Concurrent units that need the same new path or metric."""
        metadata = {"k": {"key": "k", "type": "str", "value": "v"}}
        documents = [{"name": f"net {number}", "uri": "u", "metadata": metadata} for number in range(12)]
        models = await asyncio.gather(*(opened.write(inserting(MODEL, document)) for document in documents))
        assert len(set(models)) == 12

    async def test_deleting_removes_what_hangs_on_it(self, opened: MetadataStore) -> None:
        """Side tables follow."""
        task = await opened.write(inserting(TASK, {"name": "first", "tags": ["a"]}))
        assert await opened.write(lambda session: store.delete(session, TASK, [task])) == 1
        tables = (TASK.table, TASK.documents, TASK.values, TASK.metrics)
        for table in (table_of(entity) for entity in tables if entity):
            assert await opened.read(counting(table)) == 0, table.name

    async def test_orm_entities_can_be_used_after_the_unit(self, opened: MetadataStore) -> None:
        """What a unit gives back is loaded."""
        await opened.write(lambda session: store.insert(session, TASK, {"name": "first", "tags": ["b", "a"]}))
        task = await opened.read(lambda session: session.exec(select(Task)).one())
        assert (task.name, task.tags, task.status) == ("first", ["a", "b"], "created")
