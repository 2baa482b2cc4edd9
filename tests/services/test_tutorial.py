"""The service of the tutorial works, and the page shows it as it is."""

from pathlib import Path

from trackyard.core.testing.services import running_service

from docs import build
from tests.services.long_runs import LongRunsPlugin


# the page shows the test from here
async def test_long_runs_are_tagged(tmp_path: Path) -> None:
    async with running_service(tmp_path, LongRunsPlugin, "long-runs", {"hours": 12}) as kit:
        task = (await kit.api.call("tasks.create", name="endless", type="training"))["id"]
        await kit.api.call("tasks.started", task=task)
        await kit.advance(11 * 3600)
        assert (await kit.document(task))["tags"] == []
        await kit.advance(2 * 3600)
        assert (await kit.document(task))["tags"] == ["long"]
        assert "endless runs for more than 12 hours" in await kit.log()
        # to here


def test_the_page_shows_it() -> None:
    page = (build.DOCS / "write-a-service.md").read_text()
    here = Path(__file__).read_text()
    assert Path(__file__).with_name("long_runs.py").read_text().strip() in page
    assert here.partition("from here\n")[2].partition("        # to here")[0].strip() in page
