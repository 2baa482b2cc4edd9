"""Every page that manages, empty and filled: answers, says what to do, has no inline code, shows what users wrote as text."""

from __future__ import annotations

import json

import pytest

from tests.ui.conftest import Site
from tests.ui.test_pages import Reader

pytestmark = pytest.mark.asyncio(loop_scope="package")

EMPTY = {
    "/queues": "No queue yet",
    "/queues?id=none": "There is no such queue",
    "/workers": "No worker in this window",
}
FILLED = ["/queues", "/queues?window=1w", "/workers", "/workers?window=12h"]


def check(path: str, status: int, text: str) -> None:
    """The page answers, and nothing in it can run or was made by what users wrote."""
    assert status == 200, f"{path}: {text[:2000]}"
    page = Reader(text)
    assert page.inline == [], path
    assert {"main", "nav", "h1"} <= page.elements, path
    assert "x" not in page.links, path
    assert "<script>hack()" not in text, path
    assert not any(link.startswith("javascript:") for link in page.links), path
    for block in page.blocks:
        json.loads(block)


@pytest.mark.parametrize("path", sorted(EMPTY))
async def test_an_empty_page_says_what_to_do(empty_site: Site, path: str) -> None:
    """The empty state is there, with code to paste."""
    response, text = await empty_site.get(path)
    check(path, response.status, text)
    assert EMPTY[path] in text
    assert 'class="copybox"' in text


@pytest.mark.parametrize("path", FILLED)
async def test_a_filled_page_shows_names_as_text(site: Site, path: str) -> None:
    """Markup of an attacker in names and tags is text, and no template is run on it."""
    response, text = await site.get(path)
    check(path, response.status, text)
    assert "onerror=hack()" in text, "the attack is not shown: the test looks at the wrong page"
    assert "{{7*7}}" in text


async def test_a_queue_shows_its_tasks_in_order(site: Site) -> None:
    """Waiting tasks stand as they will run, with the worker that listens."""
    _, text = await site.get("/queues")
    places = [text.index(f'data-task="{task}"') for task in site.tasks]
    assert places == sorted(places)
    assert "3 waiting" in text
    assert "no worker</span>" in text, "the default queue has no worker"
