"""Small things of the pages that users of the protocol's web are used to, checked through the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call, with_api
from tests.ui_manage.fill import dataset
from tests.ui_manage_browser.conftest import faults

# a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
SIZE = {"width": 1440, "height": 900}


async def search(api: Api) -> dict[str, str]:
    """A search for parameters in a deep project, with a child that waits in a queue, and a report."""
    project = (await api.call("projects.create", name="Vision/Street/Signs/Night/Sweep"))["id"]
    arguments = "--ipc=host -e AWS_SECRET_ACCESS_KEY=hushhush --env REGION=north"
    body = {"name": "sweep", "type": "optimizer", "project": project, "container": {"image": "python", "arguments": arguments}}
    parent = (await api.call("tasks.create", body))["id"]
    queue = (await api.call("queues.create", name="nightly"))["id"]
    script = {"repository": "https://example.com/code.git", "entry_point": "train.py"}
    child = {"name": "trial one", "type": "training", "project": project, "parent": parent, "script": script}
    trial = (await api.call("tasks.create", child))["id"]
    await api.call("tasks.enqueue", task=trial, queue=queue)
    await api.call("reports.create", name="What the sweep showed", project=project)
    return {"parent": parent, "trial": trial, "queue": queue}


def task_of(server: ServerProcess, task: str) -> dict[str, Any]:
    """A task as the API gives it."""
    found: dict[str, Any] = call(server, "tasks.get_by_id", task=task)["task"]
    return found


def test_a_task_is_renamed_and_its_children_are_stopped(page: Page, server: ServerProcess) -> None:
    """A long path folds, the title is changed in its place, secrets are covered; the menu reaches the queue and the children."""
    made = with_api(server, search)
    page.goto(f"{server.web}/tasks/{made['parent']}/execution")
    crumbs = page.get_by_role("navigation", name="Breadcrumb")
    expect(crumbs.get_by_role("listitem")).to_have_text(["Projects", "…", "Sweep", "sweep"])
    crumbs.get_by_role("button").click()
    expect(page.get_by_role("menu", name="Projects between").get_by_role("menuitem")).to_have_text(
        ["Vision", "Street", "Signs", "Night"]
    )
    page.keyboard.press("Escape")

    facts = page.locator("section", has=page.get_by_role("heading", name="Container"))
    expect(facts.locator("dl")).to_contain_text("AWS_SECRET_ACCESS_KEY=•••• --env REGION=north")
    expect(page.get_by_text("hushhush")).to_be_hidden()
    page.get_by_text("Arguments with their secrets").click()
    expect(facts.get_by_text("hushhush")).to_be_visible()

    page.get_by_role("button", name="Rename this task").click()
    page.get_by_label("Name of the task").fill("never")
    page.get_by_label("Name of the task").press("Escape")
    expect(page.get_by_role("heading", name="sweep", exact=True)).to_be_visible()
    page.get_by_role("button", name="Rename this task").click()
    page.get_by_label("Name of the task").fill("sweep of rates")
    page.get_by_label("Name of the task").press("Enter")
    expect(page.get_by_role("heading", name="sweep of rates", exact=True)).to_be_visible()
    assert task_of(server, made["parent"])["name"] == "sweep of rates"
    assert faults(page) == []
    page.set_viewport_size(SIZE)

    page.goto(f"{server.web}/tasks/{made['trial']}/overview")
    page.get_by_role("button", name="All actions").click()
    expect(page.get_by_role("menuitem", name="Abort all children")).to_be_disabled()
    page.get_by_role("menuitem", name="Manage its queue").click()
    expect(page).to_have_url(re.compile(f"queues.id={made['queue']}"))

    page.get_by_role("button", name="Actions on trial one").click()
    page.get_by_role("menuitem", name="Move to another queue…").click()
    page.get_by_role("menuitem", name="New queue…").click()
    page.get_by_label("Name", exact=True).fill("weekend")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#toasts")).to_contain_text("Moved “trial one” to weekend")
    page.goto(f"{server.web}/queues")
    expect(page.get_by_role("region", name="Queue weekend").locator("td.name a")).to_have_text(["trial one"])

    page.goto(f"{server.web}/tasks/{made['parent']}/overview")
    page.get_by_role("button", name="All actions").click()
    page.get_by_role("menuitem", name="Abort all children").click()
    expect(page.get_by_role("dialog")).to_contain_text("trial one")
    page.get_by_role("button", name="Abort", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Asked to stop “trial one”")
    assert task_of(server, made["trial"])["status"] == "stopped"


def test_home_tells_of_reports_and_settings_of_versions(page: Page, server: ServerProcess) -> None:
    """The newest reports stand on the home page; the pages of settings say which version it is."""
    page.goto(f"{server.web}/")
    row = page.get_by_role("region", name="Recent reports").get_by_role("link", name="What the sweep showed")
    expect(row).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size(SIZE)
    row.click()
    expect(page).to_have_url(re.compile("/reports/"))
    page.goto(f"{server.web}/settings")
    versions = call(server, "server.info")
    expect(page.locator("#versions")).to_have_text(f"Trackyard {versions['build']} · protocol {versions['api_version']}")


def test_versions_of_a_dataset_are_uploading_or_final(page: Page, server: ServerProcess) -> None:
    """The status of a version is said in the words of datasets."""
    project, (first, second) = with_api(server, lambda api: dataset(api, "Vision", "road-scenes", "images/one.png"))
    for task in (first, second):
        call(server, "tasks.started", task=task)
    call(server, "tasks.completed", task=first)
    page.goto(f"{server.web}/datasets/{project}")
    rows = page.locator('[data-live="versions"] tbody')
    expect(rows.get_by_role("row", name="1.1.0").locator(".status")).to_have_text("Final")
    expect(rows.get_by_role("row", name="1.2.0").locator(".status")).to_have_text("Uploading")
