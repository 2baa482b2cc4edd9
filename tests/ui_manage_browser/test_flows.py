"""Datasets and pipelines as a person uses them, checked through the API."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call, until, with_api
from tests.ui_manage.fill import dataset, pipeline
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def test_datasets_and_pipelines_are_looked_at_and_run(page: Page, server: ServerProcess) -> None:
    """Versions and content of a dataset; steps of a run that go on by themselves; a new run with another parameter."""

    async def work(api: Api) -> tuple[str, str]:
        await dataset(api, "Vision", "road-scenes", "images/one.png")
        return await pipeline(api, "Vision", "nightly", "train")

    project, run = with_api(server, work)
    page.goto(f"{server.web}/datasets")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="road-scenes").click()
    expect(page.get_by_role("heading", name="Content of 1.2.0")).to_be_visible()
    expect(page.get_by_role("region", name="Files").get_by_role("row", name="images/one.png")).to_contain_text("2.0 kB")
    expect(page.get_by_role("region", name="Changes").get_by_role("row", name="images/two.png")).to_contain_text("added")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".graph a", has_text="1.1.0").click()
    expect(page.get_by_role("heading", name="Content of 1.1.0")).to_be_visible()
    page.get_by_role("button", name="Actions on 1.1.0").click()
    page.get_by_role("menuitem", name="Archive", exact=True).click()
    expect(page.locator('[data-live="versions"] tbody tr')).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator('[data-live="versions"] tbody tr')).to_have_count(2)

    page.goto(f"{server.web}/pipelines")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="nightly").click()
    boxes = page.locator(".graph a")
    expect(boxes.filter(has_text="train")).to_have_attribute("data-status", "in_progress")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    step = call(server, "tasks.get_all_ex", parent=[run], name="two", only_fields=["id"])["tasks"][0]["id"]
    call(server, "tasks.completed", task=step)
    expect(boxes.filter(has_text="train")).to_have_attribute("data-status", "completed")

    boxes.filter(has_text="prepare").click()
    panel = page.get_by_role("complementary", name="Details")
    expect(panel.get_by_role("heading", name="one")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="New run").click()
    page.get_by_label("epochs").fill("many")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("“many” is not a whole number")
    page.get_by_label("epochs").fill("20")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator('[data-live="runs"] tbody tr')).to_have_count(2)
    body = {"project": [project], "search_hidden": True, "status": ["queued"], "only_fields": ["hyperparams.Args"]}
    until(lambda: len(call(server, "tasks.get_all_ex", **body)["tasks"]) == 1, "the run is queued")
    queued = call(server, "tasks.get_all_ex", **body)["tasks"][0]
    assert queued["hyperparams"]["Args"]["epochs"]["value"] == "20"
