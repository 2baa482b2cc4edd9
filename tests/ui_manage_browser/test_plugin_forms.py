"""Settings of plugins changed in the browser, and the official application (a made-up build) at the root of the web site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from trackyard.core.testing.server import ADMIN_PASSWORD, ServerProcess

from tests.ui_browser.conftest import WAIT, Watch
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
INDEX = """<!doctype html><html><head><base href="/"><title>App</title><style>p{color:green}</style>
<link rel="icon" href="data:,"></head><body><p id="told">…</p><script>window.began = 1;</script>
<script type="module" src="main.0123456789abcdef.js"></script></body></html>"""
MAIN = """
const configuration = await (await fetch("configuration.json")).json();
const api = (name, body, more = {}) => fetch(`${configuration.apiBaseUrl}/v999.0/${name}`, {
  method: "POST", credentials: "include", body: body && JSON.stringify(body),
  headers: { "X-Allegro-Client": "Webapp-1.14.0-000", ...(body && { "Content-Type": "application/json" }), ...more },
});
const modes = (await (await api("login.supported_modes", {})).json()).data;
const password = new URLSearchParams(location.search).get("p");
if (!modes.authenticated) await api("auth.login", null, { Authorization: `Basic ${btoa(`admin:${password}`)}` });
const { user } = (await (await api("users.get_current_user", { get_supported_features: true })).json()).data;
const evaluated = new Function("return 2")();
document.querySelector("#told").textContent = `${location.pathname} ${user.role} ${window.began + evaluated}`;
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a file of settings and a build of an application."""
    folder: Path = tmp_path_factory.mktemp("server")
    (folder / "app").mkdir()
    (folder / "app/index.html").write_text(INDEX)
    (folder / "app/main.0123456789abcdef.js").write_text(MAIN)
    config = f'# ours\n[ui]\napp_dir = "{folder / "app"}"\nlogin_notice = "hello"  # greets\n'
    with ServerProcess(folder, config) as running:
        yield running


def test_the_application_runs_and_ours_beside_it(browser: Browser, server: ServerProcess) -> None:
    """It starts on any of its routes, logs in by its own way and calls the API; the same session opens our pages."""
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    page, watch = context.new_page(), Watch()
    watch.follow(page)
    page.goto(f"{server.web}/projects/*/tasks?p={ADMIN_PASSWORD}")
    expect(page.locator("#told")).to_have_text("/projects/*/tasks root 3")
    page.goto(f"{server.web}/trackyard/queues")
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    page.get_by_role("link", name="Reports").click()
    expect(page).to_have_url(f"{server.web}/trackyard/reports")
    context.close()
    assert not watch.problems, "\n".join(watch.problems)


def test_a_setting_is_changed_in_the_file(page: Page, server: ServerProcess) -> None:
    """The form knows the types; what is saved is in the file beside its comments, and the page says that a restart is needed."""
    page.goto(f"{server.web}/trackyard/settings/plugins")
    page.get_by_label("Find a plugin").fill("login_notice")
    expect(page.locator("details.plugin:visible")).to_have_count(1)
    page.locator("#plugin-ui > summary").click()
    page.locator("#plugin-ui").get_by_role("button", name="Change settings…").click()
    page.get_by_label("login_notice").fill("Welcome")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1 plugin changed in the file")).to_be_visible()
    expect(page.locator("#plugin-ui").get_by_role("row", name="ui.login_notice")).to_contain_text("Welcome")
    assert 'login_notice = "Welcome"  # greets' in (server.folder / "plugins.toml").read_text()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Find a plugin").fill("workers")
    page.locator("#plugin-workers > summary").click()
    page.locator("#plugin-workers").get_by_role("button", name="Change settings…").click()
    page.get_by_label("statistics_days").fill("many")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("“many” is not a whole number")
    assert "statistics_days" not in (server.folder / "plugins.toml").read_text()
