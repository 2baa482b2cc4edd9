"""Automation services as an administrator uses them, checked through the API."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, Watch, call
from tests.ui_manage_browser.conftest import faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def test_a_service_is_started_changed_and_stopped_from_its_form(context: BrowserContext, server: ServerProcess) -> None:
    """The form comes from the typed settings and tells what is wrong with a value; the service runs in the server."""
    watch, page = Watch(), context.new_page()
    watch.follow(page)
    page.goto(f"{server.web}/automation")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    section = page.get_by_role("region", name="Clean-up").first
    section.get_by_text("Start with settings").click()
    section.get_by_label("days", exact=True).fill("many")
    section.get_by_role("button", name="Start Clean-up").click()
    expect(section.get_by_role("alert")).to_contain_text("settings.days")
    section.get_by_label("days", exact=True).fill("7")
    section.get_by_role("button", name="Start Clean-up").click()
    row = section.get_by_role("row", name="Clean-up")
    expect(row).to_contain_text("idle")
    task = next(item for item in call(server, "services.get_all")["services"] if item["name"] == "cleanup")["tasks"][0]
    assert task["settings"]["days"] == "7.0"

    section.get_by_text("Settings of Clean-up").click()
    section.get_by_label("days", exact=True).first.fill("9")
    section.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The settings are saved")).to_be_visible()
    shown = call(server, "tasks.get_by_id", task=task["task"])["task"]["hyperparams"]["Settings"]
    assert shown["days"]["value"] == "9.0"

    row.get_by_role("button", name="Stop Clean-up").click()
    page.get_by_role("button", name="Stop 1 service").click()
    expect(row.get_by_role("button", name="Start Clean-up again")).to_be_visible()
    expect(row).to_contain_text("Aborted")
    page.close()
    # the wrong value is the only thing that the server refused
    assert [problem for problem in watch.problems if "400" not in problem] == []
