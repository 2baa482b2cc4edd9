"""Queues and workers as a person uses them, checked through the API."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call, with_api
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


async def waiting(api: Api) -> tuple[str, list[str]]:
    """A queue in which four tasks wait and to which a worker listens."""
    queue = (await api.call("queues.create", name="nightly"))["id"]
    tasks = []
    for name in ("one", "two", "three", "four"):
        script = {"repository": "https://example.com/code.git", "entry_point": "train.py"}
        task = (await api.call("tasks.create", {"name": name, "type": "training", "script": script}))["id"]
        await api.call("tasks.enqueue", task=task, queue=queue)
        tasks.append(task)
    await api.call("workers.register", worker="gpu-box", queues=[queue], timeout=3600)
    stats: dict[str, Any] = {"cpu_usage": [40.0], "memory_used": 100, "memory_free": 300}
    await api.call("workers.status_report", {"worker": "gpu-box", "timestamp": 1_790_000_000_000, "machine_stats": stats})
    return queue, tasks


def test_a_queue_is_put_in_order(page: Page, server: ServerProcess) -> None:
    """Drag, keys and the menu change the order; tasks are taken out and put back; queues come and go."""
    queue, tasks = with_api(server, waiting)
    page.goto(f"{server.web}/queues")
    card = page.get_by_role("region", name="Queue nightly")
    names = card.locator("td.name a")
    expect(names).to_have_text(["one", "two", "three", "four"])

    card.get_by_role("row", name="four").drag_to(card.get_by_role("row", name="two"))
    expect(names).to_have_text(["one", "four", "two", "three"])
    card.get_by_role("button", name="Move three: arrow up and arrow down").press("ArrowUp")
    expect(names).to_have_text(["one", "four", "three", "two"])
    card.get_by_role("button", name="Actions on two").click()
    page.get_by_role("menuitem", name="Move to the front").click()
    expect(names).to_have_text(["two", "one", "four", "three"])
    entries = call(server, "queues.get_by_id", queue=queue)["queue"]["entries"]
    assert [entry["task"] for entry in entries] == [tasks[1], tasks[0], tasks[3], tasks[2]]

    card.get_by_role("button", name="Actions on one").click()
    page.get_by_role("menuitem", name="Take out of the queue").click()
    expect(names).to_have_text(["two", "four", "three"])
    page.get_by_role("button", name="Undo").click()
    expect(names).to_have_text(["two", "four", "three", "one"])

    page.get_by_role("button", name="New queue").click()
    page.get_by_label("Name", exact=True).fill("weekend")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("region", name="Queue weekend")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Actions on nightly").click()
    page.get_by_role("menuitem", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("4 tasks wait in it")
    page.get_by_role("button", name="Delete queue").click()
    expect(page.get_by_role("region", name="Queue nightly")).to_have_count(0)
    assert call(server, "tasks.get_by_id", task=tasks[0])["task"]["status"] == "created"

    page.goto(f"{server.web}/workers")
    expect(page.get_by_role("row", name="gpu-box")).to_contain_text("idle")
    assert faults(page) == []
