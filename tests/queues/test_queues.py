"""Queues: names, the default queue, tags, metadata, deletion."""

from typing import Any

import pytest
from trackyard.core.protocol.version import Version

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def get(server: Server, queue: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.call("queues.get_by_id", queue=queue))["queue"]
    return found


async def test_a_file_of_tests_runs_on_the_database_that_its_name_tells(server: Server, request: pytest.FixtureRequest) -> None:
    asked = request.config.getoption("--metadata")
    again = request.node.nodeid.split("::")[0].endswith("[postgresql]")
    assert server.kernel.metadata.dialect == ("postgresql" if again else {"both": "sqlite"}.get(asked, asked))


async def test_services_queue_is_there_from_the_first_start(server: Server) -> None:
    found = await server.call("queues.get_all", name="^services$", only_fields=["id", "name"])
    assert [queue["name"] for queue in found["queues"]] == ["services"]


async def test_a_new_queue_has_every_list(server: Server) -> None:
    queue = await get(server, await server.queue("  with blanks  ", tags=None))
    assert queue["name"] == "with blanks"
    assert (queue["tags"], queue["system_tags"], queue["entries"], queue["metadata"]) == ([], [], [], {})
    assert queue["company"] == server.identity.company
    assert queue["user"] == server.identity.user
    assert {"created", "last_update"} <= queue.keys()


async def test_names_are_long_enough_and_unique(server: Server) -> None:
    other = await server.queue("other name")
    await server.queue("taken name")
    assert await server.refusal("queues.create", name=" ab ") == (400, 800)
    assert await server.refusal("queues.create", name="taken name") == (400, 801)
    assert await server.refusal("queues.update", queue=other, name="taken name") == (400, 801)
    assert await server.refusal("queues.update", queue=other, name="ab") == (400, 800)
    assert (await server.call("queues.update", queue=other, name="other name"))["updated"] == 1


async def test_update_changes_what_is_given(server: Server) -> None:
    queue = await server.queue("to be updated", tags=["old"], display_name="Shown")
    answer = await server.call("queues.update", queue=queue, name="updated", tags=["b", "a"], system_tags=None)
    assert answer["updated"] == 1
    assert answer["fields"]["name"] == "updated"
    found = await get(server, queue)
    assert (found["name"], found["tags"], found["display_name"]) == ("updated", ["a", "b"], "Shown")
    assert await server.call("queues.update", queue=queue) == {"updated": 0, "fields": {}}


async def test_default_queue_is_made_when_it_is_needed(server: Server) -> None:
    default = await server.call("queues.get_default")
    assert default["name"] == "default"
    assert await server.call("queues.get_default") == default
    assert (await get(server, default["id"]))["system_tags"] == ["default"]
    second = await server.queue("second default", system_tags=["default"])
    assert await server.refusal("queues.get_default") == (400, 708)
    await server.call("queues.update", queue=default["id"], system_tags=[])
    assert await server.call("queues.get_default") == {"id": second, "name": "second default"}
    await server.call("queues.delete", queue=second)
    assert await server.call("queues.get_default") == default, "the queue of that name gets the tag again"


async def test_metadata_is_kept_by_key(server: Server) -> None:
    queue = await server.queue("with metadata", metadata={"a.b": {"type": "str", "value": "1"}})
    item = {"key": "$x", "type": "int", "value": "2"}
    assert await server.call("queues.add_or_update_metadata", queue=queue, metadata=[item]) == {"updated": 1}
    kept = {"key": "a.b", "type": "str", "value": "1"}
    assert (await get(server, queue))["metadata"] == {"a.b": kept, "$x": item}
    found = await server.call("queues.get_all", **{"metadata.$x.value": ["2"], "only_fields": ["id"]})
    assert found["queues"] == [{"id": queue}]
    assert await server.call("queues.delete_metadata", queue=queue, keys=["$x", "absent"]) == {"updated": 1}
    assert await server.call("queues.delete_metadata", queue=queue, keys=["absent"]) == {"updated": 0}
    assert (await get(server, queue))["metadata"] == {"a.b": kept}
    await server.call("queues.add_or_update_metadata", queue=queue, metadata=[item], replace_metadata=True)
    assert (await get(server, queue))["metadata"] == {"$x": item}
    assert await server.refusal("queues.create", name="bad metadata", metadata={"k": {"value": 1}}) == (400, 12)
    assert await server.refusal("queues.create", name="bad metadata", metadata={"k": "v"}) == (400, 12)


async def test_a_queue_in_which_tasks_wait_is_deleted_only_by_force(server: Server) -> None:
    queue, tasks = await server.filled_queue("to be deleted", 2)
    assert await server.refusal("queues.delete", queue=queue) == (400, 702)
    assert await server.call("queues.delete", queue=queue, force=True) == {"deleted": 1}
    assert [await server.status(task) for task in tasks] == ["created", "created"]
    assert await server.refusal("queues.get_by_id", queue=queue) == (400, 701)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("queues.get_by_id", {}),
        ("queues.update", {"name": "some name"}),
        ("queues.delete", {}),
        ("queues.add_or_update_metadata", {"metadata": []}),
        ("queues.delete_metadata", {"keys": []}),
        ("queues.get_next_task", {}),
        ("queues.peek_task", {}),
        ("queues.get_num_entries", {}),
        ("queues.clear_queue", {}),
        ("queues.add_task", {"task": "TASK"}),
        ("queues.remove_task", {"task": "TASK"}),
        ("queues.move_task_to_front", {"task": "TASK"}),
        ("queues.move_task_to_back", {"task": "TASK"}),
        ("queues.move_task_forward", {"task": "TASK"}),
        ("queues.move_task_backward", {"task": "TASK"}),
    ],
)
async def test_unknown_queue(server: Server, name: str, fields: dict[str, Any]) -> None:
    if "task" in fields:
        fields = {"task": await server.task()}
    assert await server.refusal(name, queue="0" * 32, **fields) == (400, 701)


async def test_queues_of_other_companies_are_unknown(server: Server) -> None:
    queue = await server.queue("of this company")
    stranger = Server(server.kernel, type(server.identity)(user="s", name="Stranger", role="admin", company="other"))
    assert await stranger.refusal("queues.get_next_task", queue=queue) == (400, 701)
    assert await stranger.refusal("queues.get_by_id", queue=queue) == (400, 701)
    assert await stranger.refusal("queues.delete", queue=queue) == (400, 701)


async def test_guests_change_nothing(server: Server) -> None:
    queue = await server.queue("for guests")
    guest = Server(server.kernel, type(server.identity)(user="g", name="Guest", role="guest"))
    assert await guest.refusal("queues.get_next_task", queue=queue) == (403, 21)
    assert await guest.call("queues.get_num_entries", queue=queue) == {"num": 0}


async def test_metadata_is_a_list_for_old_versions(server: Server) -> None:
    """Up to version 2.16 of the protocol; the items are the same."""
    item = {"key": "site", "type": "str", "value": "north"}
    queue = await server.queue("with old metadata", metadata={"site": item})
    for name, body, place in (
        ("queues.get_by_id", {"queue": queue}, "queue"),
        ("queues.get_all", {"id": [queue]}, "queues"),
        ("queues.get_all_ex", {"id": [queue]}, "queues"),
        ("queues.update", {"queue": queue, "metadata": {"site": item}, "tags": ["t"]}, "fields"),
    ):
        for version, expected in ((Version(2, 13), [item]), (Version(2, 16), [item]), (Version(2, 17), {"site": item})):
            answer = await server.kernel.call(name, body, server.identity, version)
            found = answer[place][0] if isinstance(answer[place], list) else answer[place]
            assert found["metadata"] == expected, (name, version)
