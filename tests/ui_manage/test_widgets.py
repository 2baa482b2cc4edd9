"""Embedded plots: the page in the frame, who may frame it, and what of a report becomes a frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from trackyard.core.testing.kernel import serving_kernel
from trackyard.ui.widgets import Asked, address, read

from tests.ui.conftest import Site
from tests.ui.test_pages import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = '[widgets]\nancestors = ["https://wiki.example.org/page", "nonsense; script-src *"]\n'
OBJECT = "0123456789abcdef0123456789abcdef"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server whose plots a wiki may show."""
    folder: Path = await asyncio.to_thread(tmp_path_factory.mktemp, "widgets")
    async with serving_kernel(folder, CONFIG) as api:
        task = (await api.call("tasks.create", {"name": "shown", "type": "training"}))["id"]
        token = (await api.call("auth.login"))["token"]
        yield Site(api, [task], "", "", f"clearml_token_basic={token}")


async def test_an_address_is_read_and_written() -> None:
    """Repeated parameters are lists, ids may be joined by commas, what is no id is left out."""
    asked = read([("type", "scalar"), ("objects", "a1,b2"), ("objects", "x y"), ("metrics[]", "loss, all"), ("other", "1")])
    assert asked == Asked("scalar", "task", "iter", ["a1", "b2"], ["loss, all"], [])
    assert address(asked) == "/widgets/?type=scalar&objectType=task&xaxis=iter&objects=a1&objects=b2&metrics=loss%2C+all"


async def test_the_page_draws_what_the_address_asks_for(site: Site) -> None:
    """The parameters are data of the page; who may frame it is in its policy, and only origins get there."""
    path = f"/widgets/?type=plot&objectType=task&objects={site.tasks[0]}&metrics=Confusion&variants=a&variants=b"
    response, text = await site.get(path)
    page = Reader(text)
    assert response.status == 200
    assert page.inline == []
    assert json.loads(page.blocks[0])["variants"] == ["a", "b"]
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://wiki.example.org 'self'")
    assert f"/tasks/{site.tasks[0]}/plots" in page.links


async def test_strangers_are_asked_to_log_in(site: Site) -> None:
    """The frame says so itself: a login page in a frame would ask for a password in a place that others make."""
    response, text = await site.get(f"/widgets/?type=plot&objects={OBJECT}", anonymous=True)
    assert response.status == 200
    assert "Log in to see this plot" in text
    assert "widget.js" not in text


@pytest.mark.parametrize("query", ["", "type=plot", f"type=scalar&objects={OBJECT}", f"type=none&objects={OBJECT}&metrics=x"])
async def test_an_address_that_says_too_little(site: Site, query: str) -> None:
    """It is told, with what to do."""
    _, text = await site.get(f"/widgets/?{query}")
    assert "copy the embed code again" in text


async def test_the_address_without_the_slash(site: Site) -> None:
    """It leads to the page with its parameters."""
    response, _ = await site.get("/widgets?type=plot&objects=a")
    assert (response.status, response.headers["Location"]) == (302, "/widgets/?type=plot&objects=a")


async def preview(site: Site, text: str) -> str:
    """The text as the editor shows it."""
    headers = {"Cookie": site.cookie, "Sec-Fetch-Site": "same-origin"}
    async with site.api.session.post(site.api.urls["web"] + "/reports/preview", data=text, headers=headers) as response:
        return await response.text()


async def test_frames_of_this_site_are_shown(site: Site) -> None:
    """Only known parameters of our own page get into the frame, whatever else the code says."""
    code = f"/widgets/?type=scalar&amp;objects={OBJECT}&amp;metrics={quote('a b')}&amp;next=evil"
    for origin in (site.api.urls["web"], "http://localhost:1", ""):
        html = await preview(site, f'Look:\n\n<iframe src="{origin}{code}" onload="hack()" height="99999" name="one"></iframe>')
        assert html.count("<iframe") == 1
        assert f'src="/widgets/?type=scalar&amp;objectType=task&amp;xaxis=iter&amp;objects={OBJECT}&amp;metrics=a+b"' in html
        assert 'height="1200"' in html
        assert "hack" not in html
        assert "evil" not in html


@pytest.mark.parametrize(
    "source",
    [
        "https://example.com/widgets/?type=plot&objects=a",
        "javascript:hack()",
        "/settings",
        "/widgets/?type=plot",
        "data:text/html,x",
    ],
)
async def test_other_frames_are_links_at_most(site: Site, source: str) -> None:
    """What is not our page of plots is not framed."""
    html = await preview(site, f'<iframe src="{source}"></iframe>')
    assert "<iframe" not in html
    assert 'href="javascript' not in html


async def test_nobody_writes_a_frame_by_its_place(site: Site) -> None:
    """The place of a frame in the text is random, so text that looks like one stays text."""
    html = await preview(site, f"frame{'0' * 24}\n\n<iframe src='/widgets/?type=plot&objects={OBJECT}'></iframe>")
    assert f"frame{'0' * 24}" in html
    assert html.count("<iframe") == 1
