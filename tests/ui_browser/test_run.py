"""A run from its first second: the getting-started page turns into it, its curve moves, everything it sent can be seen."""

from __future__ import annotations

import math
import random
import re
import time

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ADMIN_PASSWORD, ServerProcess

from tests.ui.fill import artifact, lines, pictures, plots
from tests.ui_browser.conftest import WAIT, Watch, call, with_api

# each test is a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def report(server: ServerProcess, task: str, steps: range) -> None:
    """Send points of a curve, as a script does."""
    now = int(time.time() * 1000)
    events = [
        {
            "type": "training_stats_scalar",
            "task": task,
            "metric": "loss",
            "variant": "train",
            "iter": step,
            "value": math.exp(-step / 30),
            "timestamp": now + step,
        }
        for step in steps
    ]
    with_api(server, lambda api: api.batch("events.add_batch", events))


@pytest.fixture
def visitor(page: Page) -> Page:
    """A page without a session."""
    page.context.clear_cookies()
    return page


def test_a_run_is_followed(visitor: Page, server: ServerProcess) -> None:
    """Log in, see the first run come, its curve move, its console, picture, plot and file."""
    page = visitor
    page.goto(server.web + "/")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Track the first run")).to_be_visible()
    page.get_by_role("button", name="Create credentials").click()
    expect(page.locator("#start-config")).to_have_text(re.compile(r'"access_key" = "[A-Z0-9]{12,}"'))

    task = call(server, "tasks.create", name="first run", type="training")["id"]
    expect(page).to_have_url(re.compile(f"/tasks/{task}/overview"))
    expect(page.get_by_role("heading", name="first run")).to_be_visible()
    call(server, "tasks.started", task=task)
    expect(page.locator(".task-head .status")).to_have_text("Running")

    report(server, task, range(20))
    page.get_by_role("link", name="Scalars", exact=True).click()
    curve = page.locator("#chart-grid .scatterlayer path.js-line").first
    expect(curve).to_have_attribute("d", re.compile("^M"))
    before = curve.get_attribute("d")
    assert before
    report(server, task, range(20, 120))
    expect(curve).not_to_have_attribute("d", before)

    with_api(server, lambda api: results(api, task))
    page.get_by_role("link", name="Console", exact=True).click()
    expect(page.locator("#log")).to_contain_text("epoch 14 step 00599")
    page.get_by_label("Search in the console").fill("step 0000[37]")
    expect(page.locator("#log-matches")).to_have_text("2 of 2")
    expect(page.locator("#log .match")).to_contain_text("step 00007")

    page.get_by_role("link", name="Samples", exact=True).click()
    expect(page.get_by_role("heading", name="Iteration 200")).to_be_visible()
    mask = page.get_by_role("button", name="Open samples mask, iteration 200")
    page.get_by_role("heading", name="Iteration 200").click()  # it is folded
    expect(mask).to_be_hidden()
    page.get_by_role("heading", name="Iteration 200").click()
    expect(mask).to_be_visible()
    mask.click()
    picture = page.get_by_role("dialog").get_by_role("img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 96)
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Plots", exact=True).click()
    expect(page.locator("#plots figure")).to_have_count(5)
    page.locator('#plots [aria-label^="Trials"]').first.scroll_into_view_if_needed()
    expect(page.locator("#plots .parallel polyline")).to_have_count(3)
    expect(page.locator("#plots .heatmaplayer image, #plots .heatmaplayer path").first).to_be_attached()

    page.get_by_role("link", name="Artifacts", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().startswith("name,score")

    call(server, "tasks.completed", task=task)
    expect(page.locator(".task-head .status")).to_have_text("Completed")
    page.get_by_role("button", name="admin: account and theme").click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()


async def results(api: Api, task: str) -> None:
    """Everything else that a run sends."""
    now = int(time.time() * 1000)
    events = lines(task, now, failed=False) + plots(task, now, random.Random(1)) + await pictures(api, task, now)
    answer = await api.batch("events.add_batch", events)
    assert answer.codes == (200, 0), answer.meta
    await artifact(api, task)


def test_a_wrong_password_is_said(visitor: Page, server: ServerProcess) -> None:
    """The login page stays and says what is wrong."""
    watch = Watch()
    page = visitor.context.new_page()
    watch.follow(page)
    page.goto(server.web + "/login")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    page.close()
    assert all("401" in problem for problem in watch.problems), watch.problems


def test_a_login_link_works_once(visitor: Page, server: ServerProcess) -> None:
    """A one-time link opens a session; used again it does not."""
    user = call(server, "users.get_current_user")["user"]["id"]
    path = call(server, "auth.create_login_link", user=user)["path"]
    page = visitor.context.new_page()
    page.goto(server.web + path)
    page.get_by_role("button", name="Log in with this link").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.context.clear_cookies()
    page.goto(server.web + path)
    page.get_by_role("button", name="Log in with this link").click()
    expect(page.get_by_role("alert")).to_contain_text("This login link was used before or has expired.")
    expect(page.get_by_role("alert")).to_contain_text("trackyard user login-link")
    page.close()
