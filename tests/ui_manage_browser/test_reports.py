"""Reports and services as a person uses them, checked through the API."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def test_a_report_is_written_and_published(page: Page, server: ServerProcess) -> None:
    """New, edit with preview, save, publish; then it can't be edited."""
    page.goto(f"{server.web}/reports")
    expect(page.get_by_role("heading", name="No report yet")).to_be_visible()
    page.get_by_role("button", name="New report").click()
    page.get_by_label("Name").fill("Which rate is best")
    page.get_by_role("button", name="Create").click()
    text = page.get_by_label("Text of the report, Markdown")
    text.fill("## Result\n\n0.01 is **best**.\n\n<img src=x onerror=hack()>")
    expect(page.locator("#report-preview strong")).to_have_text("best")
    expect(page.locator("#report-preview img")).to_have_count(0)
    expect(page.locator("#edit-state")).to_have_text("Not saved")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#edit-state")).to_have_text("Saved")
    page.get_by_role("link", name="Close").click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Publish…").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator("#report .status")).to_have_text("Published")
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page.goto(f"{server.web}/reports?q=best")
    expect(page.get_by_role("row", name="Which rate is best")).to_contain_text("Published")
    assert faults(page) == []
    found = call(server, "reports.get_all_ex", only_fields=["report", "status"])["tasks"]
    assert [row["status"] for row in found] == ["published"]
    assert found[0]["report"].startswith("## Result")


def test_a_service_is_started_and_stopped(page: Page, server: ServerProcess) -> None:
    """A draft is put into the queue of services, a running one is asked to stop."""
    script = {"repository": "https://example.com/code.git", "entry_point": "cleanup.py"}
    task = call(server, "tasks.create", name="cleanup", type="service", script=script)["id"]
    page.goto(f"{server.web}/services")
    row = page.get_by_role("row", name=re.compile("cleanup"))
    page.get_by_role("button", name="Start cleanup").click()
    expect(row.locator(".status")).to_have_text("Queued")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Stop cleanup").click()
    page.get_by_role("button", name="Stop 1 service").click()
    expect(row.locator(".status")).to_have_text("Draft")
    assert call(server, "tasks.get_by_id", task=task)["task"]["status"] == "created"
