"""The official web application as files of a folder: its files and routes, and the requests that it sends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ADMIN_PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")
CODE = "window.started = 1;"
HANDLER = "this.media='all'"
PAGE = f'<!doctype html><head><base href="/"><link href="styles.0123abcd.css" onload="{HANDLER}"></head><script>{CODE}</script>'
BUILD = {
    "index.html": PAGE,
    "main.0123456789abcdef.js": "start()",
    "chunk-ABCD1234.js": "more()",
    "styles.0123abcd.css": "body{}",
    "assets/logo.svg": "<svg/>",
    "configuration.json": json.dumps({"loginNotice": "hello", "fileBaseUrl": None}),
    "env.js": "window.__env = {};",
}


def build(folder: Path) -> Path:
    """A build with nothing but what decides how it is served; a link leads out of it."""
    for name, text in BUILD.items():
        target = folder / "app" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "secret.txt").write_text("never served")
    (folder / "app/out.txt").symlink_to(folder / "secret.txt")
    return folder / "app"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A server with the build at its root."""
    folder: Path = await asyncio.to_thread(tmp_path_factory.mktemp, "official")
    made = await asyncio.to_thread(build, folder)
    async with serving_kernel(folder / "data", f'[ui]\napp_dir = "{made}"\n') as api:
        yield api


async def get(api: Api, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    """The answer of the web site; redirects are not followed."""
    async with api.session.get(api.urls["web"] + path, headers=headers, allow_redirects=False) as response:
        return response, await response.text()


@pytest.mark.parametrize("path", ["/", "/dashboard", "/projects/*/tasks/x/execution", "/login?redirect=%2F", "/settings"])
async def test_every_route_is_the_application(app: Api, path: str) -> None:
    """Addresses that name no file get the page, which is asked for again each time."""
    response, text = await get(app, path)
    assert (response.status, text, response.headers["Cache-Control"]) == (200, PAGE, "no-cache")


async def test_the_policy_lets_the_page_run_and_nothing_else(app: Api) -> None:
    """The code in the page is allowed by its hash; other inline code is not."""
    response, _ = await get(app, "/")
    policy = response.headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    for code in (CODE, HANDLER):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" in scripts
    assert "'unsafe-inline'" not in scripts
    assert "frame-ancestors 'self'" in policy


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/main.0123456789abcdef.js", "text/javascript; charset=utf-8", "immutable"),
        ("/chunk-ABCD1234.js", "text/javascript; charset=utf-8", "immutable"),
        ("/styles.0123abcd.css", "text/css; charset=utf-8", "immutable"),
        ("/assets/logo.svg", "image/svg+xml", "no-cache"),
    ],
)
async def test_files_have_their_type_and_are_kept(app: Api, path: str, kind: str, caching: str) -> None:
    """Names with a hash never change."""
    response, text = await get(app, path)
    assert (response.status, response.headers["Content-Type"], text) == (200, kind, BUILD[path[1:]])
    assert caching in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/main.gone.js", "/assets/none.png", "/out.txt", "/%2e%2e/secret.txt"])
async def test_what_is_no_file_of_the_build_is_not_served(app: Api, path: str) -> None:
    """A file that is gone is no page, and nothing outside of the folder is read."""
    response, text = await get(app, path)
    assert response.status == 404
    assert "never served" not in text


async def test_the_application_is_told_where_the_server_is(app: Api) -> None:
    """What it reads before it starts."""
    told = json.loads((await get(app, "/configuration.json"))[1])
    assert told["apiBaseUrl"] == "/api"
    assert told["fileBaseUrl"] == app.urls["files"]
    assert told["loginNotice"] == "hello"
    for name in ("version.json", "server_changes.json", "onboarding.json", "credentials.json"):
        response, text = await get(app, f"/{name}")
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json; charset=utf-8"), name
        assert isinstance(json.loads(text), dict)
    assert (await get(app, "/env.js"))[1].strip() == BUILD["env.js"]


async def test_our_pages_are_below_trackyard(app: Api) -> None:
    """Every reference of a page is below that place; one-time links and embedded plots lead there."""
    response, _ = await get(app, "/trackyard/tasks")
    assert (response.status, response.headers["Location"]) == (302, "/trackyard/login?next=/trackyard/tasks")
    response, text = await get(app, "/trackyard/login")
    assert response.status == 200
    assert 'data-prefix="/trackyard"' in text
    response, _ = await get(app, "/login?token=once_x")
    assert response.headers["Location"] == "/trackyard/login?token=once_x"
    response, _ = await get(app, "/widgets/?type=plot&objects=x")
    assert response.headers["Location"] == "/trackyard/widgets/?type=plot&objects=x"


async def log_in(app: Api) -> dict[str, str]:
    """The session cookie, got as the application gets it."""
    basic = {"Authorization": aiohttp.encode_basic_auth("admin", ADMIN_PASSWORD)}
    async with app.session.post(app.urls["web"] + "/api/v999.0/auth.login", headers={**basic, **CLIENT}) as response:
        assert response.status == 200, await response.text()
        return {name: morsel.value for name, morsel in response.cookies.items()}


CLIENT = {"X-Allegro-Client": "Webapp-1.14.0-000", "Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
TABLE = {
    "id": [],
    "scroll_id": None,
    "refresh_scroll": False,
    "size": 30,
    "order_by": ["-last_update"],
    "type": [],
    "user": None,
    "system_tags": ["__$not", "archived", "__$not", "pipeline", "__$not", "dataset", "__$not", "reports"],
    "include_subprojects": True,
    "search_hidden": False,
    "only_fields": ["name", "status", "system_tags", "project.name", "company", "user.name", "runtime.progress", "parent.name"],
}
PROJECTS = {
    "stats_for_state": "active",
    "include_stats": True,
    "check_own_contents": True,
    "order_by": ["featured", "-last_update"],
    "page": 0,
    "page_size": 6,
    "include_stats_filter": {"system_tags": ["-pipeline"]},
    "only_fields": ["name", "basename", "company", "user", "created", "default_output_destination"],
}
PERIOD = {"from_date": 1_790_000_000, "to_date": 1_790_003_600, "interval": 40}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "users.get_preferences": ("preferences", {}),
    "users.get_current_user": ("user", {"get_supported_features": True}),
    "server.report_stats_option": ("enabled", {}),
    "server.info": ("version", {}),
    "projects.get_user_names": ("users", {"include_subprojects": True}),
    "users.set_preferences": ("updated", {"preferences": {"views": {"theme--DOT--x": "dark"}}}),
    "projects.get_all_ex": ("projects", PROJECTS),
    "tasks.get_all_ex": ("tasks", TABLE),
    "reports.get_all_ex": ("tasks", {"size": 6, "scroll_id": None, "system_tags": ["__$not", "archived"]}),
    "organization.get_tags": ("tags", {"include_system": True}),
    "tasks.get_types": ("types", {"projects": []}),
    "models.get_all_ex": ("models", {"scroll_id": None, "size": 30, "ready": None, "framework": [], "filters": {"tags": {}}}),
    "queues.get_all_ex": ("queues", {"only_fields": ["*", "entries.task.name"]}),
    "queues.get_queue_metrics": ("queues", PERIOD),
    "workers.get_all": ("workers", {}),
    "workers.get_activity_report": ("total", PERIOD),
    "serving.get_endpoints": ("endpoints", {}),
    "serving.get_loading_instances": ("instances", {}),
    "auth.get_credentials": ("credentials", {}),
    "storage.get_settings": ("settings", {}),
    "users.get_all_ex": ("users", {"only_fields": ["name"], "order_by": ["name"]}),
}


@pytest.mark.parametrize("endpoint", sorted(REQUESTS))
async def test_what_the_application_asks_for(app: Api, endpoint: str) -> None:
    """Each screen's first request, with the version, the headers and the cookie that the application sends."""
    cookies = await log_in(app)
    part, body = REQUESTS[endpoint]
    url = f"{app.urls['web']}/api/v999.0/{endpoint}"
    headers = {**CLIENT, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with app.session.post(url, json=body, headers=headers) as response:
        answer = await response.json()
        assert response.status == 200, answer
    assert part in answer["data"]


async def test_logging_in_and_out(app: Api) -> None:
    """The ways to log in are told to strangers; a wrong password is refused with 401; leaving takes the cookie."""
    url = f"{app.urls['web']}/api/v999.0"
    async with app.session.post(f"{url}/login.supported_modes", json={}, headers=CLIENT) as response:
        modes = (await response.json())["data"]
    assert modes["authenticated"] is False
    assert modes["basic"]["enabled"] is True
    wrong = {"Authorization": aiohttp.encode_basic_auth("admin", "wrong"), **CLIENT}
    async with app.session.post(f"{url}/auth.login", headers=wrong) as response:
        assert response.status == 401
    async with app.session.post(f"{url}/tasks.get_all_ex", json={}, headers=CLIENT) as response:
        assert response.status == 401
    cookies = await log_in(app)
    headers = {**CLIENT, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with app.session.post(f"{url}/login.logout", json={"redirect_url": "/login"}, headers=headers) as response:
        assert response.cookies["clearml_token_basic"]["max-age"] == "0"


async def test_pictures_of_reports_go_through_the_web_site(app: Api) -> None:
    """The application posts them to /files, reads and deletes them there."""
    cookies = await log_in(app)
    headers = {**CLIENT, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    form = aiohttp.FormData()
    form.add_field("reports/abc/picture.png", b"png", filename="picture.png", content_type="image/png")
    async with app.session.post(f"{app.urls['web']}/files", data=form, headers=headers) as response:
        assert response.status == 200, await response.text()
    address = f"{app.urls['web']}/files/reports/abc/picture.png"
    async with app.session.get(address, headers=headers) as response:
        assert await response.read() == b"png"
    async with app.session.delete(address, headers=headers) as response:
        assert response.status == 200


async def test_a_build_under_the_prefix_of_a_proxy(tmp_path: Path) -> None:
    """The page, its environment and its configuration know the prefix, whether the proxy strips it or not."""
    made = await asyncio.to_thread(build, tmp_path)
    config = f'[server]\npath_prefix = "/yard"\n[ui]\napp_dir = "{made}"\n'
    async with serving_kernel(tmp_path / "data", config) as api:
        for place in ("", "/yard"):
            assert '<base href="/yard/">' in (await get(api, f"{place}/dashboard"))[1]
            assert json.loads((await get(api, f"{place}/configuration.json"))[1])["apiBaseUrl"] == "/yard/api"
            assert '"subPath": "/yard"' in (await get(api, f"{place}/env.js"))[1]
            response, text = await get(api, f"{place}/trackyard/login")
            assert 'data-prefix="/yard/trackyard"' in text
            assert response.status == 200
        async with api.session.post(f"{api.urls['web']}/yard/api/v999.0/login.supported_modes", json={}) as response:
            assert response.status == 200


async def test_a_folder_without_a_build_changes_nothing(tmp_path: Path) -> None:
    """The pages stay at the root, and the health says what is missing."""
    async with serving_kernel(tmp_path / "data", f'[ui]\napp_dir = "{tmp_path / "none"}"\n') as api:
        assert (await get(api, "/login"))[0].status == 200
        state, critical = (await api.kernel.health())["web application"]
        assert (state.ok, critical) == (False, False)
        assert "has no index.html" in state.detail
