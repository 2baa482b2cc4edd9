"""Every page that manages, empty and filled: answers, says what to do, has no inline code, shows what users wrote as text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.ui.conftest import Site
from tests.ui.test_pages import Reader
from tests.ui_manage.conftest import SECRET

pytestmark = pytest.mark.asyncio(loop_scope="package")

EMPTY = {
    "/queues": "No queue yet",
    "/queues?id=none": "There is no such queue",
    "/datasets": "No dataset yet",
    "/endpoints": "Nothing is served",
    "/models": "No model yet",
    "/pipelines": "No pipeline yet",
    "/reports": "No report yet",
    "/services": "No service yet",
    "/workers": "No worker in this window",
}
FILLED = [
    "/endpoints",
    "/endpoints?window=1d",
    "/datasets",
    "/datasets/{dataset}",
    "/pipelines",
    "/pipelines/{pipeline}",
    "/models",
    "/models?q=attack&state=draft&order=name",
    "/models/{model}",
    "/queues",
    "/queues?window=1w",
    "/workers",
    "/workers?window=12h",
    "/reports",
    "/reports?q=hack",
    "/reports/{report}",
    "/reports/{report}?edit=1",
    "/services",
    "/automation",
    "/settings/credentials",
    "/settings/storage",
    "/settings/users",
]
PLAIN = ["/settings", "/settings/health", "/settings/plugins", "/settings/profile"]


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
    if "{" in path:
        path = path.format(model=await model_of(site), report=await report_of(site), **await hidden(site))
    response, text = await site.get(path)
    check(path, response.status, text)
    assert "onerror=hack()" in text, "the attack is not shown: the test looks at the wrong page"
    assert "{{7*7}}" in text


@pytest.mark.parametrize("path", PLAIN)
async def test_a_page_of_settings_answers(site: Site, path: str) -> None:
    """Pages that show what no user wrote."""
    response, text = await site.get(path)
    check(path, response.status, text)


async def test_settings_begin_with_the_profile(site: Site) -> None:
    """The entry of the rail shows the profile, with its tab marked."""
    _, text = await site.get("/settings")
    assert 'href="/settings/profile" aria-current="page"' in text


async def test_secrets_are_not_shown(site: Site) -> None:
    """Neither the secrets of buckets nor those of plugins are in a page."""
    for path in ("/settings/storage", "/settings/plugins", "/settings/credentials"):
        _, text = await site.get(path)
        assert SECRET not in text, path
    assert "known" in (await site.get("/settings/storage"))[1]


async def test_members_see_no_page_of_administrators(site: Site) -> None:
    """A member has the pages of an account; the others are refused and not in the tabs."""
    user = await member(site)
    response, text = await user.get("/settings/profile")
    assert response.status == 200
    assert "/settings/credentials" in text
    assert "/settings/users" not in text
    for path in ("/settings/users", "/settings/storage", "/settings/plugins", "/settings/health"):
        response, _ = await user.get(path)
        assert response.status == 403, path


async def member(site: Site) -> Site:
    """The same site as a member sees it."""
    company = (await site.api.call("users.get_current_user"))["user"]["company"]["id"]
    made = await site.api.call("auth.create_user", {"name": "Member", "email": "member@example.com", "company": company})
    token = (await site.api.call("auth.get_token_for_user", user=made["id"]))["token"]
    return replace(site, cookie=f"clearml_token_basic={token}")


async def test_a_queue_shows_its_tasks_in_order(site: Site) -> None:
    """Waiting tasks stand as they will run, with the worker that listens."""
    _, text = await site.get("/queues")
    places = [text.index(f'data-task="{task}"') for task in site.tasks]
    assert places == sorted(places)
    assert "3 waiting" in text
    assert "no worker</span>" in text, "the default queue has no worker"


async def model_of(site: Site) -> str:
    """The only model."""
    return str((await site.api.call("models.get_all", {}))["models"][0]["id"])


async def test_a_model_shows_where_it_comes_from_and_who_takes_it(site: Site) -> None:
    """The lineage links the task that made it and the one that takes it; the address of the SDK leads to the page."""
    model = await model_of(site)
    _, text = await site.get(f"/models/{model}")
    assert f'href="/tasks/{site.tasks[0]}"' in text
    assert "uses it" in text
    response, _ = await site.get(f"/projects/{site.project}/models/{model}/general")
    assert (response.status, response.headers["Location"]) == (302, f"/models/{model}")
    assert (await site.get("/models/unknown"))[0].status in (400, 404)


async def test_filters_of_models_leave_out(site: Site) -> None:
    """What does not fit is not shown, and the page says that filters are set."""
    for query in ("q=nothing-like-it", "state=published", "archived=1", "framework=other"):
        _, text = await site.get(f"/models?{query}")
        assert "No model fits" in text, query


async def report_of(site: Site) -> str:
    """The only report."""
    return str((await site.api.call("reports.get_all_ex", {"only_fields": ["id"]}))["tasks"][0]["id"])


async def test_a_report_embeds_nothing(site: Site) -> None:
    """Embedded plots are links, and the preview is cleaned as the page is."""
    _, text = await site.get(f"/reports/{await report_of(site)}")
    assert "iframe" not in Reader(text).elements
    assert "https://example.com/widgets/?a=1&amp;b=2" in text
    headers = {"Cookie": site.cookie, "Sec-Fetch-Site": "same-origin"}
    address = site.api.urls["web"] + "/reports/preview"
    async with site.api.session.post(address, data="**bold** <script>hack()</script>", headers=headers) as response:
        assert await response.text() == "<p><strong>bold</strong> &lt;script&gt;hack()&lt;/script&gt;</p>\n"
    async with site.api.session.post(address, data="x", headers=headers | {"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403


async def hidden(site: Site) -> dict[str, str]:
    """The hidden projects of the dataset and the pipeline."""
    found = (await site.api.call("projects.get_all", {"search_hidden": True}))["projects"]
    return {kind: project["id"] for project in found for kind in ("dataset", "pipeline") if f"/.{kind}s/" in project["name"]}


async def test_a_dataset_shows_a_version(site: Site) -> None:
    """The last version is shown first; the address chooses another."""
    path = f"/datasets/{(await hidden(site))['dataset']}"
    _, text = await site.get(path)
    assert "Content of 1.2.0" in text
    assert "images/two.png" in text
    first = next(part.split('"')[0] for part in text.split("?version=")[1:] if "1.1.0" in part.split("</a>")[0])
    _, text = await site.get(f"{path}?version={first}")
    assert "Content of 1.1.0" in text
    assert "tells nothing about its files" in text


async def test_a_pipeline_shows_what_its_steps_do(site: Site) -> None:
    """The boxes of steps have the status of their tasks and lead to them."""
    _, text = await site.get(f"/pipelines/{(await hidden(site))['pipeline']}")
    assert text.count('class="edge"') == 3
    for word in ("completed, ", "running, ", "waits for its parents"):
        assert word in text


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/datasets/simple/p1/experiments/t1", "/datasets/p1?version=t1"),
        ("/pipelines/p1/tasks/t1", "/pipelines/p1?run=t1"),
        ("/pipelines/p1/experiments/t%26x", "/pipelines/p1?run=t%26x"),
    ],
)
async def test_addresses_that_the_sdk_prints(site: Site, path: str, target: str) -> None:
    """They lead to the page, with what they name chosen."""
    response, _ = await site.get(path)
    assert (response.status, response.headers["Location"]) == (302, target)


async def test_an_endpoint_shows_how_it_does(site: Site) -> None:
    """Its numbers, and the instance that answers."""
    _, text = await site.get("/endpoints")
    for word in ("7 requests", "12 ms", "1 active"):
        assert word in text
