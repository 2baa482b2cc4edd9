"""Comparisons of tasks and of models: what is shown lives in the address and follows from tab to tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui.fill import fill
from tests.ui_browser.conftest import WAIT, with_api

# each test is a journey of many pages: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def tasks(server: ServerProcess) -> list[str]:
    """A team's work; the ids of the tasks."""
    return with_api(server, lambda api: fill(api, NOW, tasks=7, rich=2))


def saved(page: Page, button: str) -> str:
    """The text of the file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return download.value.path().read_text(encoding="utf-8-sig")


def test_results_of_tasks_are_compared(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Curves in one chart or side by side, plots merged or each, samples that browse together; what is hidden stays hidden."""
    page.goto(f"{server.web}/compare?ids={tasks[0]},{tasks[1]}")
    expect(page.locator("#compared .chip")).to_have_count(2)
    accuracy = page.locator('figure[data-title="accuracy"] .scatterlayer .trace')
    expect(accuracy).to_have_count(4)
    expect(page.locator(".card.bars", has_text="mean IoU").locator(".row.small")).to_have_count(2)
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator('figure[data-title^="accuracy — "] .scatterlayer .trace')).to_have_count(4)
    expect(page).to_have_url(re.compile("layout=beside"))
    page.reload()
    expect(page.locator('figure[data-title^="accuracy — "] .scatterlayer .trace')).to_have_count(4)
    page.get_by_role("button", name="Side by side").click()
    page.get_by_role("button", name=re.compile("^Show unet-large")).click()
    expect(accuracy).to_have_count(2)

    page.get_by_role("link", name="Plots", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Show unet-large"))).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Show all").click()
    embedding = page.locator("section", has=page.get_by_role("heading", name="Embedding / PCA")).locator("figure")
    expect(embedding).to_have_count(1)
    page.get_by_role("button", name="Merge figures").click()
    expect(embedding).to_have_count(2)

    page.get_by_role("link", name="Samples", exact=True).click()
    row = page.locator("section", has=page.get_by_role("heading", name="samples / mask")).locator("figcaption")
    expect(row).to_have_text([re.compile("iteration 200")] * 2)
    page.get_by_role("button", name="Earlier iteration of unet-baseline run 000").nth(1).click()
    expect(row).to_have_text([re.compile("iteration 100")] * 2)


def test_tables_of_tasks_are_compared(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Details with their differences, values with extremes, parameters as a table, lines and points; each can be saved."""
    page.goto(f"{server.web}/compare?ids={tasks[0]},{tasks[1]},{tasks[3]}&tab=values")
    expect(page.locator("table.matrix td.best").first).to_be_visible()
    last = page.locator("tr[data-row]", has_text="validation").first.locator("td").first
    before = last.text_content()
    assert before
    page.get_by_role("button", name="Max", exact=True).click()
    expect(last).not_to_have_text(before)
    expect(page).to_have_url(re.compile("kind=max_value"))
    assert '"loss","train"' in saved(page, "CSV")

    page.get_by_role("link", name="Details", exact=True).click()
    expect(page.locator("table.matrix")).to_contain_text("project")
    page.get_by_label("Find in the table").fill("torch")
    expect(page.locator("tr[data-row]:not([hidden])")).to_have_count(1)
    expect(page.locator("#found")).to_have_text("1 rows")

    page.get_by_role("link", name="Parameters", exact=True).click()
    expect(page.locator("table.matrix")).to_contain_text("learning_rate")
    page.get_by_role("button", name="Parallel coordinates").click()
    expect(page.locator(".parallel polyline")).to_have_count(3)
    page.get_by_role("button", name=re.compile("^Metrics")).click()
    page.get_by_role("menu").get_by_label("loss / train · min").check()
    expect(page).to_have_url(re.compile("m=loss"))
    page.keyboard.press("Escape")
    expect(page.locator(".parallel .axis", has_text="loss / train · min")).to_have_count(1)
    page.get_by_role("button", name="Scatter").click()
    expect(page.locator(".scatterlayer .point")).to_have_count(3)
    page.get_by_label("Vertical").select_option("loss / train")
    expect(page).to_have_url(re.compile("y=loss"))


async def models(api: Api) -> list[str]:
    """Two models with metadata, a network and scalars of their own."""
    made = []
    for number in (1, 2):
        body = {
            "name": f"ranker v{number}",
            "uri": f"s3://m/{number}",
            "framework": "PyTorch",
            "design": {"design": f"layers: {number}\nsame: 1"},
        }
        entries = [{"key": "dataset", "value": f"day {number}", "type": "str"}]
        made.append((await api.call("models.create", body | {"metadata": entries, "ready": False}))["id"])
    events = [
        {
            "type": "training_stats_scalar",
            "task": model,
            "model_event": True,
            "metric": "drift",
            "variant": "weekly",
            "iter": step,
            "value": step * 0.5,
            "timestamp": NOW + step,
        }
        for model in made
        for step in range(20)
    ]
    answer = await api.batch("events.add_batch", events)
    assert answer.codes == (200, 0), answer.meta
    return made


def test_models_are_listed_and_compared(page: Page, server: ServerProcess) -> None:
    """A column of metadata in the table, the table as CSV, a model's own curves, and two models side by side."""
    made = with_api(server, models)
    page.goto(server.web + "/models?order=name")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("menuitem", name="dataset").click()
    expect(page).to_have_url(re.compile("columns=meta.dataset"))
    expect(page.locator("table.models tbody tr")).to_contain_text(["day 1", "day 2"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert "day 1" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_label("Metadata").fill("dataset=day 1")
    page.get_by_label("Metadata").press("Enter")
    expect(page.locator("table.models tbody tr")).to_have_count(1)
    page.get_by_role("link", name="ranker v1").click()
    page.get_by_role("link", name="Scalars", exact=True).click()
    expect(page.locator('figure[data-title="drift"] .js-line')).to_have_count(1)

    page.goto(server.web + "/models")
    for number in (1, 2):
        page.get_by_label(f"Choose ranker v{number}").check()
    page.locator("[data-selected]").click()
    page.get_by_role("menuitem", name="Compare").click()
    expect(page.locator("#compared .chip")).to_have_count(2)
    expect(page).to_have_url(re.compile(f"models=.*{made[0]}"))
    expect(page.locator("table.matrix")).to_contain_text("dataset")
    page.get_by_role("link", name="Network", exact=True).click()
    expect(page.locator("tr[data-row]:not([data-same])")).to_have_count(1)
    page.get_by_role("link", name="Scalars", exact=True).click()
    expect(page.locator('figure[data-title="drift"] .js-line')).to_have_count(2)
