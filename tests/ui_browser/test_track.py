"""What people do with tables and results of tasks: views, groups, cards, the console, values of curves, editing a draft."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui.fill import fill
from tests.ui_browser.conftest import WAIT, call, until, with_api

# each test is a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    "    run()",
    '  File "b.py", line 2',
    "ValueError: too large",
]


@pytest.fixture(scope="module")
def tasks(server: ServerProcess) -> list[str]:
    """A team's work; the ids of the tasks."""
    return with_api(server, lambda api: fill(api, NOW, tasks=10, rich=1))


def test_a_view_is_saved_and_shared(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Groups that open, a view that everybody sees as a tab, cards with pictures; all of it in the address."""
    page.goto(server.web + "/tasks")
    page.get_by_role("button", name="Group").click()
    page.get_by_role("menuitem", name="Status").click()
    completed = page.locator("#grid .group", has_text="Completed").get_by_role("button")
    expect(completed).to_have_attribute("aria-expanded", "false")
    completed.click()
    expect(page.locator("#grid .r[data-id]")).to_have_count(4)
    page.get_by_label("Search in tasks").fill("unet-(large|baseline)")
    expect(page.locator("#count")).to_have_text("0 tasks")
    page.get_by_role("button", name="Regular expression").click()
    expect(page.locator("#count")).to_have_text("6 tasks")
    page.get_by_label("Search in tasks").fill("unet-(")
    expect(page.get_by_label("Search in tasks")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Search in tasks").fill("unet-(large|baseline)")
    expect(page.get_by_label("Search in tasks")).not_to_have_attribute("aria-invalid", "true")

    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save this view…").click()
    page.get_by_label("Name", exact=True).fill("Unets by status")
    page.get_by_label("Show it to everybody").check()
    page.get_by_role("button", name="Save", exact=True).click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Unets by status")
    expect(tab).to_have_attribute("aria-current", "page")
    [view] = call(server, "views.get_all", page="tasks/all")["views"]
    assert (view["name"], view["shared"]) == ("Unets by status", True)

    page.goto(server.web + "/tasks?view=cards")
    expect(page.locator(".task-card")).to_have_count(10)
    expect(page.locator(".task-card .spark").first).to_be_visible()
    expect(page.locator(".task-card img.thumb").first).to_be_visible()
    tab.click()
    expect(page.locator("#count")).to_have_text("6 tasks")
    expect(page.get_by_role("button", name="By status")).to_be_visible()


def test_filters_need_no_column(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """A parameter, the absence of tags and a parent are filters of their own."""
    project = call(server, "tasks.get_by_id", task=tasks[0])["task"]["project"]
    page.goto(f"{server.web}/projects/{project}/tasks")
    expect(page.locator("#grid .r[data-id]").first).to_be_visible()
    all_tasks = page.locator("#count").text_content()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_placeholder("Filter by…").fill("General/model")
    page.get_by_role("menuitem", name="General/model").click()
    page.get_by_role("menuitem", name="unet-baseline").click()
    expect(page.locator("#chips .chip")).to_contain_text(["unet-baseline"])
    expect(page.locator("#count")).not_to_have_text(str(all_tasks))
    page.goto(server.web + "/tasks")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("menuitem", name="Tag", exact=True).click()
    page.get_by_role("menuitem", name="(No tags)").click()
    expect(page.locator("#count")).to_have_text("2 tasks")
    page.locator("#grid .r[data-id]").first.locator(".c.check + .c + .c").click(button="right")
    expect(page.get_by_role("menuitem", name="Clone…")).to_be_visible()


async def many(api: Api, count: int) -> str:
    """A project with so many drafts; its id."""
    project: str = (await api.call("projects.create", name="Sweep", description=""))["id"]
    for number in range(count):
        await api.call("tasks.create", name=f"trial {number:04d}", type="training", project=project)
    return project


def test_every_row_is_selected(page: Page, server: ServerProcess) -> None:
    """More tasks than a page of the API has are selected at once, and archived in one go."""
    project = with_api(server, lambda api: many(api, 510))
    page.goto(f"{server.web}/projects/{project}/tasks")
    expect(page.locator("#count")).to_have_text("510 tasks")
    page.get_by_label("Select all rows").check()
    expect(page.locator("#count")).to_have_text("510 tasks of 510 selected")
    page.get_by_role("toolbar", name="Selection").get_by_role("button", name="Archive").click()
    expect(page.locator(".toast")).to_contain_text("Archived 510 tasks")
    expect(page.locator("#count")).to_have_text("0 tasks")


def log(server: ServerProcess, task: str) -> None:
    """Two thousand lines with a traceback in their middle, one a second."""
    start = int(time.time() * 1000) - 2_000_000
    lines = [f"step {number}" for number in range(1000)] + TRACEBACK + [f"step {number}" for number in range(1000, 1995)]
    events: list[dict[str, Any]] = [
        {"type": "log", "task": task, "level": "INFO", "msg": text + "\n", "timestamp": start + index * 1000}
        for index, text in enumerate(lines)
    ]
    with_api(server, lambda api: api.batch("events.add_batch", events))


def test_a_log_is_folded_and_walked(page: Page, server: ServerProcess) -> None:
    """A traceback is folded to its cause and opens; a search reads what is not there yet; the ruler leads to a time and back."""
    task = call(server, "tasks.create", name="talkative", type="training")["id"]
    call(server, "tasks.started", task=task)
    log(server, task)
    call(server, "tasks.stopped", task=task)
    page.goto(f"{server.web}/tasks/{task}/console")
    expect(page.locator("#log")).to_contain_text("step 1994")
    page.get_by_label("Search in the console").fill("ValueError")
    expect(page.locator("#log .log-line.match")).to_contain_text("ValueError: too large")
    fold = page.get_by_role("button", name="▸ 3 lines")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#log")).not_to_contain_text('File "b.py"')
    fold.click()
    expect(page.locator("#log")).to_contain_text('File "b.py"')
    page.get_by_label("Search in the console").fill("")
    page.locator("#log-ruler").click(position={"x": 20, "y": 2})
    expect(page.locator("#log .text").get_by_text("step 3", exact=True)).to_be_attached()
    page.get_by_role("button", name="Follow").click()
    expect(page.locator("#log")).to_contain_text("step 1994")


def test_values_and_pins_of_curves(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """The table of values beside the curves is saved as CSV, and a pinned metric stands first on the overview."""
    page.goto(f"{server.web}/tasks/{tasks[0]}/scalars")
    card = page.locator('figure[data-title="learning rate"]')
    card.hover()
    card.get_by_role("button", name="Actions on learning rate").click()
    page.get_by_role("menuitem", name="Pin to overviews, or unpin").click()
    expect(page.locator(".toast")).to_contain_text("Pinned")
    page.get_by_role("button", name="Values", exact=True).click()
    row = page.locator("table.values tr", has_text="learning rate")
    expect(row.locator("td.num").first).to_have_text("0.001")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert '"learning rate","adam","0.001"' in download.value.path().read_text(encoding="utf-8-sig")
    page.reload()
    expect(row).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.locator("#top-curves figcaption").first).to_contain_text("learning rate")


def test_a_draft_is_edited(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Changes are discarded, a section and a configuration object come and go, a model becomes an input."""
    draft = call(server, "tasks.clone", task=tasks[1], new_task_name="a draft to edit")["id"]
    model = call(server, "models.create", name="start weights", uri="s3://m/start", framework="PyTorch")["id"]

    def task() -> dict[str, Any]:
        found: dict[str, Any] = call(server, "tasks.get_by_id", task=draft)["task"]
        return found

    page.goto(f"{server.web}/tasks/{draft}/execution")
    expect(page.locator(".diff-files summary")).to_contain_text("train.py")
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.locator(".diff-files")).to_have_count(0)
    assert not task()["script"]["diff"]

    page.goto(f"{server.web}/tasks/{draft}/configuration")
    page.get_by_role("button", name="Parameter", exact=True).click()
    page.get_by_label("Section").fill("Optimizer")
    page.get_by_label("Name", exact=True).fill("momentum")
    page.get_by_label("Value").fill("0.9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Optimizer")).to_be_visible()
    assert task()["hyperparams"]["Optimizer"]["momentum"]["value"] == "0.9"
    page.locator("section", has=page.get_by_role("heading", name="Optimizer")).get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Optimizer")).to_have_count(0)
    page.get_by_role("button", name="Object", exact=True).click()
    page.get_by_label("Name", exact=True).fill("schedule")
    page.get_by_label("Text").fill("warmup: 10")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("details summary", has_text="schedule")).to_be_visible()
    assert task()["configuration"]["schedule"]["value"] == "warmup: 10"

    page.goto(f"{server.web}/tasks/{draft}/artifacts")
    page.get_by_role("button", name="Input model").click()
    page.get_by_label("Model", exact=True).fill(model)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("link", name="start weights")).to_be_visible()
    page.get_by_role("button", name="Take input away").click()
    page.get_by_role("dialog").get_by_role("button", name="Take away").click()
    expect(page.get_by_role("link", name="start weights")).to_have_count(0)
    until(lambda: not (task().get("models") or {}).get("input"), "the model is no input any more")
