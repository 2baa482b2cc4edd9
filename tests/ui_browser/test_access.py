"""Every page in light and dark, wide and small: no serious finding of axe, no error, nothing wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui.fill import fill
from tests.ui_browser.conftest import WAIT, Watch, with_api

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000
PAGES = {
    "/": ".runs tbody tr",
    "/projects": "table.projects tbody tr",
    "/projects/{project}/overview": "h1",
    "/projects/{project}/tasks": "#grid .r",
    "/tasks?task={task}": "#panel .scatterlayer",
    "/tasks/{task}/overview": "#top-curves .scatterlayer",
    "/tasks/{task}/scalars": "#chart-grid .scatterlayer",
    "/tasks/{task}/plots": "#plots .main-svg",
    "/tasks/{task}/samples": ".sample img",
    "/tasks/{task}/console": "#log .log-line",
    "/tasks/{task}/configuration": "[data-parameter]",
    "/tasks/{task}/execution": "pre.diff",
    "/tasks/{task}/artifacts": "details",
    "/tasks/{task}/info": "dl",
    "/tasks/{draft}/execution": "[data-edit-script]",
    "/search?q=unet": "table",
    "/compare?ids={ids}&tab=scalars": ".scatterlayer",
    "/compare?ids={ids}&tab=details": "table.matrix",
    "/compare?ids={ids}&tab=parameters&view=parallel": ".parallel",
    "/compare?ids={ids}&tab=values": "td.best",
    "/compare?ids={ids}&tab=samples": ".sample img",
}


@pytest.fixture(scope="module")
def names(server: ServerProcess) -> dict[str, str]:
    """What stands in the addresses."""

    async def work(api: Api) -> dict[str, str]:
        tasks = await fill(api, NOW, tasks=9, rich=2)
        found = await api.call("tasks.get_by_id", task=tasks[0])
        draft = (await api.call("tasks.create", name="a draft", type="training"))["id"]
        return {"task": tasks[0], "draft": draft, "project": found["task"]["project"], "ids": ",".join(tasks[:3])}

    return with_api(server, work)


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, state: Path) -> Iterator[BrowserContext]:
    """A window in one of the two themes."""
    opened = browser.new_context(
        storage_state=state, color_scheme=request.param, reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    opened.set_default_timeout(WAIT)
    yield opened
    opened.close()


def serious(page: Page) -> list[str]:
    """Findings of axe that keep somebody from using the page."""
    violations = Axe().run(page).response["violations"]
    found = [item for item in violations if item["impact"] in ("serious", "critical")]
    return [f"{item['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for item in found for node in item["nodes"][:4]]


def test_pages_can_be_used_by_everybody(themed: BrowserContext, server: ServerProcess, names: dict[str, str]) -> None:
    """No page has a serious finding, an error in the console or a failed request."""
    watch = Watch()
    page = themed.new_page()
    watch.follow(page)
    findings = {}
    for path, proof in PAGES.items():
        page.goto(server.web + path.format(**names))
        expect(page.locator(proof).first).to_be_attached()
        if found := serious(page):
            findings[path] = found
    page.close()
    assert not findings, "\n".join(f"{path}\n  " + "\n  ".join(found) for path, found in findings.items())
    assert not watch.problems, "\n".join(watch.problems)


def test_nothing_is_wider_than_a_phone(browser: Browser, state: Path, server: ServerProcess, names: dict[str, str]) -> None:
    """On a phone no page scrolls sideways as a whole, and the navigation opens as a drawer."""
    context = browser.new_context(storage_state=state, viewport={"width": 390, "height": 844})
    context.set_default_timeout(WAIT)
    watch = Watch()
    page = context.new_page()
    watch.follow(page)
    for path, proof in PAGES.items():
        page.goto(server.web + path.format(**names))
        expect(page.locator(proof).first).to_be_attached()
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth", timeout=WAIT)
    page.goto(server.web + "/projects")
    page.get_by_role("button", name="Open the navigation").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Tasks").click()
    expect(page.locator("#grid .r").first).to_be_visible()
    context.close()
    assert not watch.problems, "\n".join(watch.problems)
