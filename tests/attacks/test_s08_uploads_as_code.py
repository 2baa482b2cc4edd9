"""S08: what users upload is never code of a page of the web application, whose policy allows its own scripts."""

import aiohttp
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from yarl import URL

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUTH = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}


async def store(api: Api, path: str, content: bytes) -> aiohttp.ClientResponse:
    """Upload one file through the web site."""
    form = aiohttp.FormData()
    form.add_field(path, content, filename="x")
    async with api.session.post(f"{api.urls['web']}/files/", data=form, headers=AUTH) as response:
        await response.read()
        assert response.status == 200
        return response


@pytest.mark.parametrize("name", ["evil.js", "evil.mjs", "evil.css", "evil.JS"])
async def test_a_script_is_plain_text(api: Api, name: str) -> None:
    await store(api, f"code/{name}", b"alert(1)")
    async with api.session.get(f"{api.urls['web']}/files/code/{name}", headers=AUTH) as response:
        assert response.content_type == "text/plain"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.xhtml", "page"])
async def test_a_page_is_in_a_sandbox(api: Api, name: str) -> None:
    await store(api, f"code/{name}", b"<script>alert(1)</script>")
    async with api.session.get(f"{api.urls['web']}/files/code/{name}", headers=AUTH) as response:
        assert response.headers["Content-Security-Policy"].startswith("sandbox;")
        assert "allow-scripts" not in response.headers["Content-Security-Policy"]


async def test_the_names_in_the_answer_to_an_upload_are_no_page(api: Api) -> None:
    response = await store(api, "code/<img src=x onerror=alert(1)>", b"x")
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")


async def test_a_name_can_not_add_a_header(api: Api) -> None:
    await store(api, 'code/a";x="\u2028; filename=b.html', b"x")
    url = f"{api.urls['web']}/files/code/a%22%3Bx%3D%22%E2%80%A8%3B%20filename%3Db.html"
    async with api.session.get(URL(url, encoded=True), headers=AUTH) as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"].count(";") == 1
