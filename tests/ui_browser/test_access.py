"""Every page in light and dark, wide and small: no serious finding of axe, no error, nothing wider than the screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui.conftest import ATTACK, attack
from tests.ui.fill import fill
from tests.ui_browser.conftest import WAIT, until, with_api

# each test is a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000
PAGES = {
    "/": ".runs tbody tr",
    "/projects": "table.projects tbody tr",
    "/projects/{project}/overview": "#snapshot .scatterlayer",
    "/projects/{project}/tasks": "#grid .r[data-id]",
    "/tasks?task={task}": "#panel .scatterlayer",
    "/tasks?view=cards": ".task-card .picture > *",
    "/tasks?group=status": "#grid .group",
    "/tasks/{task}/overview": "#top-curves .scatterlayer",
    "/tasks/{task}/scalars": "#chart-grid .scatterlayer",
    "/tasks/{task}/scalars?view=values": "table.values tbody tr",
    "/tasks/{task}/plots": "#plots .main-svg",
    "/tasks/{task}/samples": ".sample img",
    "/tasks/{task}/console": "#log .log-line",
    "/tasks/{task}/configuration": "[data-parameter]",
    "/tasks/{task}/execution": "pre.diff",
    "/tasks/{task}/artifacts": "details",
    "/tasks/{task}/info": "dl",
    "/tasks/{draft}/execution": "[data-edit-script]",
    "/search?q={word}": "table",
    "/compare?ids={ids}&tab=scalars": ".scatterlayer",
    "/compare?ids={ids}&tab=scalars&layout=beside": ".scatterlayer",
    "/compare?ids={ids}&tab=plots": ".main-svg",
    "/compare?ids={ids}&tab=parameters&view=scatter": ".scatterlayer",
    "/compare?models={models}&tab=details": "table.matrix",
    "/models/{model}/scalars": "#charts .empty",
    "/models/{model}/plots": ".empty",
    "/compare?ids={ids}&tab=details": "table.matrix",
    "/compare?ids={ids}&tab=parameters&view=parallel": ".parallel",
    "/compare?ids={ids}&tab=values": "td.best",
    "/compare?ids={ids}&tab=samples": ".sample img",
}


@pytest.fixture(scope="module")
def names(server: ServerProcess) -> dict[str, str]:
    """What stands in the addresses."""

    async def work(api: Api) -> dict[str, str]:
        tasks = await fill(api, NOW, tasks=9, rich=1)
        found = await api.call("tasks.get_by_id", task=tasks[0])
        models = [
            (await api.call("models.create", name=f"unet {n}", uri=f"s3://m/{n}", framework="PyTorch"))["id"] for n in (1, 2)
        ]
        draft = (await api.call("tasks.create", name="a draft", type="training"))["id"]
        return {
            "task": tasks[0],
            "draft": draft,
            "project": found["task"]["project"],
            "ids": ",".join(tasks[:3]),
            "model": models[0],
            "models": ",".join(models),
            "word": "unet",
        }

    return with_api(server, work)


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def serious(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """Findings of axe that keep somebody from using the page."""
    violations = Axe().run(page, options=options).response["violations"]
    found = [item for item in violations if item["impact"] in ("serious", "critical")]
    return [f"{item['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for item in found for node in item["nodes"][:4]]


def faults(page: Page) -> list[str]:
    """Findings in light and dark, and whether the page is wider than a phone."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = serious(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {finding}" for finding in serious(page, COLOURS)]
    page.set_viewport_size({"width": 390, "height": 844})
    # charts follow the size of their box a moment later
    until(lambda: bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth")), f"{page.url} fits a phone")
    return found


def test_pages_can_be_used_by_everybody(page: Page, server: ServerProcess, names: dict[str, str]) -> None:
    """No page has a serious finding in light or dark or scrolls sideways on a phone; none has an error or a failed request."""
    findings = {}
    for path, proof in PAGES.items():
        page.goto(server.web + path.format(**names))
        expect(page.locator(proof).first).to_be_attached()
        if found := faults(page):
            findings[path] = found
    assert not findings, "\n".join(f"{path}\n  " + "\n  ".join(found) for path, found in findings.items())
    page.goto(server.web + "/projects")
    page.get_by_role("button", name="Open the navigation").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Tasks").click()
    expect(page.locator("#grid .r[data-id]").first).to_be_visible()


def test_nothing_that_users_write_is_run(page: Page, server: ServerProcess) -> None:
    """Markup of an attacker in every field is shown as text by scripts too: no code runs, no picture is asked for."""

    async def work(api: Api) -> tuple[str, str]:
        project = (await api.call("projects.create", {"name": f"Attack {ATTACK}".replace("/", "|"), "description": ATTACK}))["id"]
        return project, await attack(api, project)

    project, task = with_api(server, work)
    skipped = ("/", "/compare?ids={ids}&tab=samples", "/tasks?group=status")
    page.add_init_script("window.hack = () => { window.hacked = true; };")
    pages = PAGES | {
        "/projects/{project}/overview": "#snapshot > *",
        "/tasks/{task}/samples": ".empty",
        "/tasks/{task}/plots": ".empty",
        "/compare?ids={ids}&tab=plots": ".empty",
    }
    for path, proof in pages.items():
        if (
            any(word in path for word in ("{draft}", "{model", "parallel", "scatter", "beside", "values", "cards"))
            or path in skipped
        ):
            continue
        page.goto(server.web + path.format(task=task, project=project, ids=task, word="attack"))
        expect(page.locator(proof).first).to_be_attached()
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("img[src=x]").count() == 0, path
    page.goto(f"{server.web}/tasks/{task}/console")
    expect(page.locator("#log")).to_contain_text("onerror=hack()")
    page.goto(f"{server.web}/projects/{project}/tasks")
    expect(page.locator("#grid")).to_contain_text("onerror=hack()")
