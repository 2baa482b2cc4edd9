"""S17: a picture, a link or a frame in a text that an administrator reads must not call the API with the reader's cookie."""

from typing import Any
from urllib.parse import urlencode

import pytest
from trackyard.core.testing.http import Api
from trackyard.ui.links import file_link

pytestmark = pytest.mark.asyncio(loop_scope="package")

COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b"
OWN = {"Sec-Fetch-Site": "same-origin"}


async def session_of(api: Api) -> dict[str, str]:
    """The header of the administrator's session cookie, as the web's own pages send it."""
    token = (await api.call("auth.login"))["token"]
    return {"Cookie": f"clearml_token_basic={token}", **OWN}


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {},
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_picture_makes_no_administrator(api: Api, sent: dict[str, str], method: str) -> None:
    cookie = await session_of(api)
    wanted = {"name": "mole", "company": COMPANY, "email": "mole@example.org", "role": "admin"}
    url = f"{api.urls['web']}/api/auth.create_user?{urlencode(wanted)}"
    async with api.session.request(method, url, headers={**cookie, **sent}) as response:
        assert response.status == 403
    assert "mole" not in {user["name"] for user in (await api.call("users.get_all"))["users"]}


async def test_a_picture_does_not_log_its_viewer_out(api: Api) -> None:
    cookie = await session_of(api)
    url = f"{api.urls['web']}/api/auth.logout"
    async with api.session.get(url, headers={**cookie, "Sec-Fetch-Dest": "image"}) as response:
        assert response.status == 403
    async with api.session.post(f"{api.urls['web']}/api/users.get_current_user", headers=cookie) as response:
        assert response.status == 200


async def test_a_page_may_post_and_a_session_may_read_by_get(api: Api) -> None:
    cookie = await session_of(api)
    url = f"{api.urls['web']}/api/tasks.get_all"
    for method in ("POST", "GET"):
        async with api.session.request(method, url, headers={**cookie, "Sec-Fetch-Dest": "empty"}) as response:
            assert response.status == 200


class OnePage:
    """As much of a page as links need: a site at ``example.org`` whose file server is at port 8081 and behind a proxy."""

    def __init__(self) -> None:
        self.kernel = self
        self.server = self
        self.request = self
        self.public_files = "https://files.example.org"
        self.files_port = 8081
        self.ports: dict[str, int] = {}
        self.host = "example.org:8080"

    def url(self, path: str) -> str:
        """The path as it is."""
        return path


@pytest.mark.parametrize("place", ["https://files.example.org", "http://example.org:8081"])
@pytest.mark.parametrize("climb", ["..", "%2e%2e", "%2E.", "x/../..", ".\t.", "x\\..\\.."])
async def test_a_link_to_a_file_never_climbs_to_the_api(place: str, climb: str) -> None:
    page: Any = OnePage()
    assert file_link(page, f"{place}/{climb}/api/auth.logout") == ""
    assert file_link(page, f"{place}/p/task.1/model.pt") == "/files/p/task.1/model.pt"
