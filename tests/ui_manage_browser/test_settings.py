"""The settings as a person uses them, checked through the API."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.server import ADMIN_PASSWORD, ServerProcess

from tests.ui_browser.conftest import WAIT, call
from tests.ui_manage_browser.conftest import faults

# a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def test_an_administrator_sets_up_a_team(page: Page, server: ServerProcess) -> None:
    """Credentials are shown once and revoked, a user is made, blocked and let in, a bucket kept, the password changed."""
    page.goto(f"{server.web}/settings/credentials")
    page.get_by_role("button", name="New credentials").click()
    page.get_by_label("Label").fill("laptop")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#new-configuration")).to_have_text(re.compile(r'"secret_key" = "\S{20,}"'))
    expect(page.locator("#new-variables")).to_have_text(re.compile(r"CLEARML_API_SECRET_KEY=\S{20,}"))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row", name="laptop")).to_contain_text("never")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Actions on laptop").click()
    page.get_by_role("menuitem", name="Revoke…").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("row", name="laptop")).to_have_count(0)
    assert "laptop" not in [row["label"] for row in call(server, "auth.get_credentials")["credentials"]]

    page.get_by_role("link", name="Users").click()
    page.get_by_role("button", name="New user").click()
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#login-link")).to_have_text(re.compile(r"http://\S+/login\?token=\S+"))
    page.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name="Ada Lovelace")
    expect(row).to_contain_text("Member")
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Administrator").click()
    expect(row).to_contain_text("Administrator")
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Block").click()
    expect(row).to_contain_text("Blocked")
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Let in again").click()
    expect(row).to_contain_text("Active")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})

    page.get_by_role("link", name="Storage").click()
    page.locator('[data-add="aws"]').click()
    page.get_by_label("Bucket", exact=True).fill("models")
    page.get_by_label("Secret").fill("hidden-from-all")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name="models")).to_be_visible()
    assert call(server, "storage.get_settings")["settings"]["aws"]["buckets"][0]["secret"] == "********"
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})

    page.get_by_role("link", name="Plugins").click()
    page.locator("#plugin-queues summary").click()
    expect(page.locator("#plugin-queues")).to_contain_text("queues.get_all")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("row", name="metadata")).to_contain_text("Well")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})

    page.get_by_role("link", name="Profile").click()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Present password").fill(ADMIN_PASSWORD)
    page.get_by_label("New password", exact=True).fill("another-password-of-this-test")
    page.get_by_label("New password again").fill("something else")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_have_text("The two new passwords differ")
    page.get_by_label("New password again").fill("another-password-of-this-test")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.get_by_label("Shown to everybody").fill("Charles Babbage")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Charles Babbage")
