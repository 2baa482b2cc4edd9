"""Lists of queues, as the SDK, the agent and the web ask for them."""

import re
from typing import Any

import pytest

from tests.queues.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ids(server: Server, **query: Any) -> list[str]:
    found = await server.call("queues.get_all", only_fields=["id"], order_by=["name"], **query)
    return [queue["id"] for queue in found["queues"]]


async def test_names_are_patterns(server: Server) -> None:
    one, two = await server.queue("gpu (a.b)"), await server.queue("gpu (a.b) more")
    assert await ids(server, name=f"^{re.escape('gpu (a.b)')}$") == [one]
    assert await ids(server, name=r"gpu \(a\.b") == [one, two]
    assert await ids(server, name="GPU") == []
    assert await server.refusal("queues.get_all", name="(") == (400, 21)


async def test_only_what_is_asked_for(server: Server) -> None:
    queue = await server.queue("asked for")
    assert await server.call("queues.get_all", id=[queue], only_fields=["name"]) == {"queues": [{"name": "asked for"}]}
    assert await server.refusal("queues.get_all", only_fields=["nonsense"]) == (400, 14)
    assert await server.refusal("queues.get_all", order_by=["nonsense"]) == (400, 14)


async def test_queues_of_the_kubernetes_glue_are_hidden(server: Server) -> None:
    hidden = await server.queue("of the glue", system_tags=["k8s-glue"])
    assert hidden not in await ids(server)
    assert hidden in await ids(server, search_hidden=True)
    assert await ids(server, name="of the glue") == [hidden]
    assert await ids(server, id=[hidden]) == [hidden]


async def test_tags(server: Server) -> None:
    one = await server.queue("tagged one", tags=["a", "b"])
    two = await server.queue("tagged two", tags=["b"])
    assert await ids(server, name="^tagged", tags=["b"]) == [one, two]
    assert await ids(server, name="^tagged", tags=["b", "-a"]) == [two]
    assert await ids(server, name="^tagged", tags=["__$all", "a", "b"]) == [one]
    assert await ids(server, name="^tagged", filters={"tags": {"any": {"include": ["a"]}}}) == [one]


async def test_pages_and_scrolls(server: Server) -> None:
    made = [await server.queue(f"paged {letter}") for letter in "abc"]
    assert await ids(server, name="^paged", page=1, page_size=2) == made[2:]
    first = await server.call("queues.get_all", name="^paged", size=2, scroll_id=None, order_by=["name"])
    second = await server.call("queues.get_all", name="^paged", size=2, scroll_id=first["scroll_id"], order_by=["name"])
    assert [queue["id"] for queue in first["queues"] + second["queues"]] == made
    assert second["scroll_id"] == first["scroll_id"]


async def test_the_web_sees_names(server: Server) -> None:
    queue, tasks = await server.filled_queue("for the web", 2)
    wanted = ["*", "entries.task.name"]
    (found,) = (await server.call("queues.get_all_ex", id=[queue], only_fields=wanted))["queues"]
    assert [entry["task"] for entry in found["entries"]] == [
        {"id": task, "name": f"for the web {index}"} for index, task in enumerate(tasks)
    ]
    assert all(entry["added"] for entry in found["entries"])
    assert found["company"]["id"] == server.identity.company
    assert found["user"]["id"] == server.identity.user
    assert (found["workers"], found["tags"], found["name"]) == ([], [], "for the web")


@pytest.mark.parametrize("only_fields", [None, [], ["entries"], ["name", "entries"], ["-metadata"], "entries"])
async def test_entries_have_names_however_they_are_asked_for(server: Server, only_fields: Any) -> None:
    queue, tasks = await server.filled_queue(f"asked {only_fields}", 1)
    (found,) = (await server.call("queues.get_all_ex", id=[queue], only_fields=only_fields))["queues"]
    assert found["entries"][0]["task"] == {"id": tasks[0], "name": f"asked {only_fields} 0"}
    assert found["entries"][0]["added"] is not None
    assert found["id"] == queue


async def test_entries_are_left_out_when_they_are_not_asked_for(server: Server) -> None:
    queue, _ = await server.filled_queue("only the name", 1)
    (found,) = (await server.call("queues.get_all_ex", id=[queue], only_fields=["name"]))["queues"]
    assert found == {"id": queue, "name": "only the name", "workers": []}
