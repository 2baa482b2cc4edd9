"""The table of tasks and what is done from it, and the comparison, checked through the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.server import ServerProcess

from tests.ui.fill import fill
from tests.ui_browser.conftest import WAIT, call, until, with_api

# each test is a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def tasks(server: ServerProcess) -> list[str]:
    """A team's work; the ids of the tasks."""
    return with_api(server, lambda api: fill(api, NOW, tasks=18, rich=1))


def one(server: ServerProcess, task: str) -> dict[str, Any]:
    """A task as the API gives it."""
    found: dict[str, Any] = call(server, "tasks.get_by_id", task=task)["task"]
    return found


def test_the_table_is_searched_filtered_and_sorted(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Search, a filter, an order and the panel live in the address and come back with it."""
    page.goto(server.web + "/tasks")
    expect(page.locator("#count")).to_have_text(f"{len(tasks)} tasks")
    page.get_by_label("Search in tasks").fill("unet-large")
    expect(page.locator("#count")).to_have_text("5 tasks")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("menuitem", name="Status").click()
    page.get_by_role("menuitem", name="Completed").click()
    expect(page.locator("#chips .chip")).to_contain_text(["Completed"])
    expect(page.locator("#count")).to_have_text(re.compile(r"^[1-4] tasks?$"))
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile(r"q=unet-large.*order=name|order=name.*q=unet-large"))
    names = page.locator("#grid .c.name a")
    until(lambda: names.all_text_contents() == sorted(names.all_text_contents()), "the rows stand by name")
    shown = names.all_text_contents()
    page.reload()
    expect(names).to_have_text(shown)
    page.locator("#grid .r[data-id]").first.click(position={"x": 600, "y": 10})
    expect(page.locator("#panel h2")).to_have_text(shown[0])


def test_an_address_with_a_filter_shows_names(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """A filter by project, which the address gives by id, is shown with the project's name."""
    project = one(server, tasks[0])["project"]
    page.goto(f"{server.web}/tasks?f=project~in~{project}")
    expect(page.locator("#chips .chip")).to_contain_text(["Vision/Segmentation"])
    expect(page.locator("#count")).to_have_text("5 tasks")


def test_tables_and_logs_are_downloaded(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """The rows in view and all rows as CSV, and the log of a run as text."""
    page.goto(server.web + "/tasks?q=unet-large")
    expect(page.locator("#grid .r[data-id]").first).to_be_visible()
    for choice in ("Download these rows as CSV", "Download all as CSV"):
        page.get_by_role("button", name="More", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=choice).click()
        rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
        assert len(rows) == 6, choice
        assert "unet-large run 001" in "\n".join(rows), choice
    page.goto(f"{server.web}/tasks/{tasks[0]}/console")
    with page.expect_download() as log:
        page.get_by_role("link", name="Download").click()
    assert "epoch 14 step 00599" in log.value.path().read_text()


def test_a_column_of_a_metric_is_added(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """A metric becomes a column with bars, and it is still there later."""
    page.goto(server.web + "/tasks")
    page.get_by_role("button", name="Columns").click()
    page.get_by_placeholder("Find a column…").fill("accuracy / validation · last")
    page.get_by_text("accuracy / validation · last").click()
    expect(page.get_by_role("columnheader", name="accuracy/validation")).to_be_visible()
    expect(page.locator("#grid .bar").first).to_be_visible()
    page.keyboard.press("Escape")
    until(
        lambda: "accuracy" in str(call(server, "users.get_preferences")["preferences"]),
        "the columns are kept in the user's preferences",
    )
    page.goto(server.web + "/tasks")
    expect(page.get_by_role("columnheader", name="accuracy/validation")).to_be_visible()


def test_tasks_are_archived_and_brought_back(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Two rows are chosen by keyboard, archived, and brought back by the message's button."""
    page.goto(server.web + "/tasks?order=name&q=deeplab")
    expect(page.locator("#count")).to_have_text("4 tasks")
    expect(page.locator("#grid .r[data-id]").first).to_be_visible()
    page.locator("#grid").focus()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#count")).to_have_text(re.compile("^2 tasks of"))
    chosen = page.locator('#grid .r[aria-selected="true"]')
    ids = chosen.evaluate_all("rows => rows.map(row => row.dataset.id)")
    page.get_by_role("toolbar", name="Selection").get_by_role("button", name="Archive").click()
    expect(page.locator(".toast")).to_contain_text("Archived 2 tasks")
    assert all("archived" in one(server, task)["system_tags"] for task in ids)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    until(lambda: not any("archived" in one(server, task)["system_tags"] for task in ids), "both are back")


def test_a_task_is_cloned_edited_and_enqueued(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """From a finished run a draft is cloned, a parameter is changed, and it is put into a queue of a new name."""
    page.goto(f"{server.web}/tasks/{tasks[1]}/overview")
    page.get_by_role("button", name="Clone…").click()
    page.get_by_role("textbox", name="Name").fill("a second try")
    page.get_by_role("button", name="Clone", exact=True).click()
    expect(page.get_by_role("heading", name="a second try")).to_be_visible()
    expect(page).to_have_url(re.compile("/configuration"))
    page.get_by_role("button", name="Edit epochs").click()
    page.get_by_label("Value").fill("77")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tr", has_text="epochs")).to_contain_text("77")
    made = re.findall(r"/tasks/(\w+)/", page.url)[0]
    assert one(server, made)["hyperparams"]["Args"]["epochs"]["value"] == "77"
    assert one(server, made)["parent"] == tasks[1]
    page.get_by_role("button", name="Enqueue…").click()
    page.get_by_label("Queue", exact=True).fill("night shift")
    page.get_by_role("button", name="Enqueue", exact=True).click()
    expect(page.locator(".toast").first).to_contain_text("Enqueued")
    expect(page.locator(".task-head .status")).to_have_text("Queued")
    assert one(server, made)["status"] == "queued"


def test_projects_are_made_and_deleted(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """A project is made, found in the tree, and deleted with what it holds named."""
    page.goto(server.web + "/projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name", exact=True).fill("Robotics/Grasping")
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"/projects/\w+/tasks"))
    expect(page.locator("#grid")).to_contain_text("No task here yet")
    page.goto(server.web + "/projects")
    page.get_by_role("button", name="Actions on Robotics/Grasping").click()
    page.get_by_role("menuitem", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is empty.")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Deleted")
    expect(page.get_by_role("link", name="Grasping")).to_have_count(0)


def test_the_palette_goes_anywhere(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Ctrl-K finds a task by its name and goes there; so does the page of the search."""
    page.goto(server.web + "/projects")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("segformer-b2 run 003")
    expect(page.get_by_role("option", name=re.compile("segformer-b2 run 003")).first).to_be_visible()
    page.get_by_role("option", name=re.compile("segformer-b2 run 003")).first.click()
    expect(page.get_by_role("heading", name="segformer-b2 run 003")).to_be_visible()
    page.goto(server.web + "/search?q=segformer")
    expect(page.get_by_role("link", name=re.compile("segformer-b2 run 003"))).to_be_visible()
