"""Live plots in reports: the code is copied from a chart, pasted into a report, and drawn in a frame."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui.fill import fill, picture
from tests.ui_browser.conftest import WAIT, call, until, with_api
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)
NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def tasks(server: ServerProcess) -> list[str]:
    """Tasks with curves, plots and samples."""

    async def work(api: Api) -> list[str]:
        return await fill(api, NOW, tasks=7, rich=2)

    return with_api(server, work)


def test_a_chart_goes_into_a_report(context: BrowserContext, page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Copy the code, write a report with it and a picture, see the live plot while writing and while reading."""
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.web)
    page.goto(f"{server.web}/tasks/{tasks[1]}/scalars")
    page.get_by_role("button", name="Actions on loss").click()
    page.get_by_role("menuitem", name="Copy the embed code").click()
    expect(page.get_by_text("Paste the code into a report")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r'<iframe src="[^"]*/widgets/\?type=scalar&amp;objectType=task', code)

    report = call(server, "reports.create", name="With a plot", report="")["id"]
    page.goto(f"{server.web}/reports/{report}?edit=1")
    page.get_by_label("Text of the report, Markdown").fill(f"# Loss\n\n{code}\n\n")
    frame = page.frame_locator("#report-preview iframe")
    expect(frame.locator(".legend")).to_contain_text("validation")
    expect(frame.locator(".scatterlayer")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files({"name": "a scene.png", "mimeType": "image/png", "buffer": picture(90, 40)})
    expect(page.locator("#report-preview img")).to_have_js_property("naturalWidth", 96)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#edit-state")).to_have_text("Saved")
    found = call(server, "reports.get_all_ex", id=[report], only_fields=["report", "report_assets"])["tasks"][0]
    assert len(found["report_assets"]) == 1
    assert found["report_assets"][0] in found["report"]

    page.get_by_label("Text of the report, Markdown").fill(f"{code}\n\n{code}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Two embedded plots have the same name")).to_be_visible()
    assert call(server, "reports.get_all_ex", id=[report], only_fields=["report"])["tasks"][0]["report"] == found["report"]
    page.get_by_label("Text of the report, Markdown").fill(found["report"])

    page.goto(f"{server.web}/reports/{report}")
    expect(page.frame_locator("article iframe").locator(".scatterlayer")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("type=scalar&metrics=loss&objects={0}&objects={1}&xaxis=iso_time", ".scatterlayer"),
        ("type=plot&metrics=Confusion+matrix&objects={0}", ".heatmaplayer"),
        ("type=plot&metrics=Trials&objects={0}", ".parallel"),
        ("type=sample&metrics=samples&objects={0}", "img"),
        ("type=single&objects={0}&objects={1}", "td.num"),
        ("type=parcoords&metrics=loss/train&variants=Args.learning_rate&objects={0}&objects={1}", ".parallel"),
        ("type=scalar&metrics=none&objects={0}", ".empty"),
        ("type=scalar&metrics=loss&objects=00000000000000000000000000000000", ".empty"),
    ],
)
def test_every_kind_of_frame_is_drawn(page: Page, server: ServerProcess, tasks: list[str], query: str, wanted: str) -> None:
    """Each type shows what it is for, in both themes, and says so when there is nothing."""
    page.goto(f"{server.web}/widgets/?{query.format(*tasks)}")
    expect(page.locator(f"#widget {wanted}").first).to_be_visible()
    assert faults(page) == []


def test_reports_are_handled_together(page: Page, server: ServerProcess, tasks: list[str]) -> None:
    """Two are chosen and archived, and come back by undo; what can't be deleted is told."""
    ids = [call(server, "reports.create", name=f"Weekly {name}", report="x")["id"] for name in ("alpha", "beta")]
    call(server, "reports.publish", task=ids[0])
    page.goto(f"{server.web}/reports?q=Weekly")
    rows = page.get_by_role("region", name="Reports").locator("tbody tr")
    expect(rows).to_have_count(2)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as CSV").click()
    text = Path(saved.value.path()).read_text()
    assert text.splitlines()[0] == '\ufeff"Report","State","Project","User","Updated"'
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV of this table").click()
    assert Path(saved.value.path()).read_text() == text
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="2 reports chosen").click()
    expect(page.get_by_role("menuitem", name=re.compile("Delete…"))).to_contain_text("1 of 2")
    page.get_by_role("menuitem", name="Archive", exact=True).click()
    expect(page.get_by_role("heading", name="No report fits")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    until(lambda: len(call(server, "reports.get_all_ex", system_tags=["archived"])["tasks"]) == 0, "both are back")
