"""S22, S28: the server's figures are not for everybody who reaches it."""

import pytest
from aiohttp.test_utils import make_mocked_request
from trackyard.core.sites.system import is_from_here
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
async def test_a_proxy_on_this_machine_asks_for_others(api: Api, name: str) -> None:
    for url in (f"{api.urls['api']}/metrics", f"{api.urls['web']}/api/metrics"):
        async with api.session.get(url, headers={name: "198.51.100.7"}) as response:
            assert response.status == 401
        async with api.session.get(url) as response:
            assert response.status == 200
    token = (await api.call("auth.login"))["token"]
    headers = {name: "198.51.100.7", "Authorization": f"Bearer {token}"}
    async with api.session.get(f"{api.urls['api']}/metrics", headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("address", "here"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("::ffff:192.0.2.1", False), ("", False)]
)
async def test_whose_requests_are_of_this_machine(address: str, here: bool) -> None:
    request = make_mocked_request("GET", "/metrics").clone(remote=address)
    assert is_from_here(request) is here
