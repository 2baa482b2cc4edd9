"""S16, S18, S20: every answer of the web site has the headers that keep scripts and frames out; logins lead nowhere else."""

import aiohttp
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

AUTH = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize(
    "path", ["/", "/login", "/tasks/none/info", "/static/ui/none.js", "/nowhere", "/api/debug.ping", "/files/none"]
)
async def test_headers_of_every_answer(api: Api, path: str) -> None:
    async with api.session.get(f"{api.urls['web']}{path}", headers=AUTH) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
        assert "frame-ancestors 'self'" in policy
        assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil.example"],
)
async def test_a_login_leads_to_this_site_only(api: Api, target: str) -> None:
    async with api.session.get(f"{api.urls['web']}/login", params={"next": target}) as response:
        assert 'data-next="/"' in await response.text()
