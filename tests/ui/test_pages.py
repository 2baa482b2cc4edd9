"""Every page: answers, under a strict content policy, without inline code, and shows what users wrote as text."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from trackyard.core.panels import PanelKind
from trackyard.core.testing.kernel import serving_kernel

from tests.ui.conftest import ATTACK, Site

pytestmark = pytest.mark.asyncio(loop_scope="package")
KINDS = (PanelKind.PAGE, PanelKind.TASK_TAB, PanelKind.PROJECT_TAB)


class Reader(HTMLParser):
    """Collects what a page has: links, references, inline code, elements by name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.inline: list[str] = []
        self.elements: set[str] = set()
        self.scripts: list[dict[str, str | None]] = []
        self.blocks: list[str] = []
        self._block = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element says."""
        found = dict(attrs)
        self.elements.add(tag)
        self.inline += [f"{tag} {name}" for name in found if name == "style" or name.startswith("on")]
        self.links |= {str(found[name]) for name in ("href", "src", "action") if found.get(name)}
        if tag == "style" or (tag == "script" and not found.get("src") and found.get("type") != "application/json"):
            self.inline.append(tag)
        self._block = tag == "script" and found.get("type") == "application/json"

    def handle_data(self, data: str) -> None:
        """Keep the text of a data block."""
        if self._block:
            self.blocks.append(data)
            self._block = False


def addresses(site: Site, task: str = "") -> list[str]:
    """The address of every page, tab and project tab that the plugins register, for a task and its project.

    These tasks are no applications, so the page of an application is not among them.
    """
    panels = [panel for kind in KINDS for panel in site.api.kernel.panels(kind) if panel.name != "application"]
    values = {"task": task or site.tasks[0], "project": site.project}
    found = [re.sub(r"\{(\w+)[^}]*\}", lambda part: values.get(part[1], "{}"), panel.path) for panel in panels]
    return sorted({path for path in found if "{}" not in path and path not in ("", "/login")})


async def test_every_page_answers_without_inline_code(site: Site) -> None:
    """Each page is there, forbids inline code, and has none."""
    for path in addresses(site):
        response, text = await site.get(path)
        assert response.status == 200, f"{path}: {text[:2000]}"
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        page = Reader(text)
        assert page.inline == [], path
        assert {"main", "nav", "h1"} <= page.elements, path


async def test_what_users_write_is_shown_as_text(site: Site) -> None:
    """Markup of an attacker in every field of a task and its project becomes no element, and no template is run on it."""
    seen = 0
    for path in [*addresses(site, site.attacked), "/search?q=attack", f"/compare?ids={site.attacked}", "/projects"]:
        _, text = await site.get(path)
        page = Reader(text)
        assert "x" not in page.links, path
        assert not any(name.startswith("img on") for name in page.inline), path
        assert "<script>hack()" not in text, path
        assert not any(link.startswith("javascript:") for link in page.links), path
        for block in page.blocks:
            json.loads(block)
        seen += "hack()" in text
    assert seen >= 8, "the attack is hardly shown: the test looks at the wrong pages"
    assert ATTACK


async def test_every_link_leads_somewhere(site: Site) -> None:
    """Every link of every page, and every file it asks for, answers."""
    base = site.api.urls["web"]
    found: dict[str, str] = {}
    for path in addresses(site):
        _, text = await site.get(path)
        for link in Reader(text).links:
            target = urljoin(base + path, link)
            if target.startswith(base + "/") and "/api/" not in target:
                found.setdefault(urlsplit(target)._replace(fragment="").geturl().removeprefix(base), path)
    assert len(found) > 30
    for target, path in found.items():
        response, _ = await site.get(target)
        assert response.status < 400, f"{target} on {path} answers {response.status}"


async def test_visitors_log_in_first(site: Site) -> None:
    """Without a session every page leads to the login, which remembers where to go."""
    for path in addresses(site):
        response, _ = await site.get(path, anonymous=True)
        assert response.status == 302, path
        assert response.headers["Location"].startswith("/login?next=/"), path
    response, text = await site.get("/login?next=//evil.example", anonymous=True)
    assert response.status == 200
    assert 'data-next="/"' in text


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/tasks/{task}", "/tasks/{task}/overview"),
        ("/projects/p/tasks/{task}/output/log", "/tasks/{task}/console"),
        ("/projects/*/experiments/{task}/info-output/metrics/scalar", "/tasks/{task}/overview"),
        ("/projects/p/tasks/{task}/artifacts/other/output", "/tasks/{task}/overview"),
        ("/projects/p/tasks/{task}/execution", "/tasks/{task}/execution"),
        ("/projects/p", "/projects/p/tasks"),
    ],
)
async def test_addresses_that_the_sdk_prints_lead_to_the_task(site: Site, path: str, target: str) -> None:
    """Addresses of the official app lead to our pages."""
    response, _ = await site.get(path.format(task=site.tasks[0]))
    assert (response.status, response.headers["Location"]) == (302, target.format(task=site.tasks[0]))


async def test_a_page_that_is_not_there_says_so(site: Site) -> None:
    """An unknown task is a page with a way back, not a stack trace."""
    response, text = await site.get("/tasks/" + "0" * 32 + "/overview")
    assert response.status == 404
    assert "There is no such task" in text
    assert "Traceback" not in text


async def test_files_of_a_version_are_kept_by_browsers(site: Site) -> None:
    """Scripts and styles have the version of their folder in their address and are kept for ever; others are asked for again."""
    _, text = await site.get("/projects")
    [script] = [link for link in Reader(text).links if link.endswith("/js/app.js")]
    response, _ = await site.get(script)
    assert "immutable" in response.headers["Cache-Control"]
    response, _ = await site.get("/static/ui/js/app.js")
    assert response.headers["Cache-Control"] == "no-cache"


async def test_pages_work_under_a_prefix(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every reference of a page begins with the prefix under which the site is shown."""
    folder: Path = await asyncio.to_thread(tmp_path_factory.mktemp, "prefix")
    async with serving_kernel(folder, '[server]\npath_prefix = "/yard"\n') as api:
        token = (await api.call("auth.login"))["token"]
        headers = {"Cookie": f"clearml_token_basic={token}", "Sec-Fetch-Site": "same-origin"}
        for path in ("/", "/projects", "/tasks", "/search"):
            async with api.session.get(f"{api.urls['web']}/yard{path}", headers=headers) as response:
                text = await response.text()
                assert response.status == 200
            own = [link for link in Reader(text).links if not link.startswith("#")]
            assert own
            assert all(link.startswith("/yard/") for link in own), path


async def test_the_search_counts_and_turns_pages(site: Site) -> None:
    """Each kind has a tab with its number of hits; a tab shows only its kind, and an unknown one all."""
    _, everything = await site.get("/search?q=unet")
    assert ">Tasks<span" in everything
    assert "Projects" in everything
    _, tasks = await site.get("/search?q=unet&tab=tasks")
    assert tasks.count("unet-") >= 4
    assert 'aria-current="page">Tasks' in tasks
    _, unknown = await site.get("/search?q=unet&tab=nothing&page=x")
    assert 'aria-current="page">All' in unknown
    _, beyond = await site.get("/search?q=unet&tab=tasks&page=9")
    assert "Before" in beyond


async def test_the_home_page_of_one_user(site: Site) -> None:
    """With ``mine=1`` the page marks it and still shows one's own tasks; the choice of the preferences counts without it."""
    _, mine = await site.get("/?mine=1")
    assert 'data-mine="1" aria-current="true"' in mine
    assert "unet-" in mine
    await site.api.call("users.set_preferences", preferences={"trackyard": {"mine": "1"}})
    _, kept = await site.get("/")
    assert 'data-mine="1" aria-current="true"' in kept
    _, team = await site.get("/?mine=0")
    assert 'data-mine="0" aria-current="true"' in team
    await site.api.call("users.set_preferences", preferences={"trackyard": {"mine": "0"}})
