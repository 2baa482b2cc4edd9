"""S39: what users write forges no line of the log and no header."""

import logging

import aiohttp
import pytest
from trackyard.core.cli.main import OneLine
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from yarl import URL

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUTH = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}


async def test_a_message_is_one_line() -> None:
    record = logging.LogRecord("n", logging.INFO, "f", 1, "of %s", ("x\r\n2026 INFO forged\x1b[2J\x85\u2028y\tz",), None)
    assert OneLine("%(message)s").format(record) == "of x\\x0d\\x0a2026 INFO forged\\x1b[2J\\x85\\x2028y\tz"


@pytest.mark.parametrize(
    "path", ["tasks/x%0d%0aSet-Cookie:%20a=b", "projects/x%0d%0aSet-Cookie:%20a=b", "tasks/%2e%2e%2fapi%2fx"]
)
async def test_a_redirect_stays_on_its_path(api: Api, path: str) -> None:
    url = URL(f"{api.urls['web']}/{path}", encoded=True)
    async with api.session.get(url, headers=AUTH, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"].split("/")[1] == path.split("/")[0]
        assert "/../" not in response.headers["Location"]
        assert "Set-Cookie" not in response.headers
