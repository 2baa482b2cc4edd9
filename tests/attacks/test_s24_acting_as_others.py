"""S24, S30: what is got by acting as another user ends with what was shown for it, and is held to the same scope."""

import pytest
from trackyard.core.authentication import shown_key
from trackyard.core.identity import DEFAULT_COMPANY, Identity
from trackyard.core.testing.http import Answer, Api

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def by_token(api: Api, token: str, name: str = "users.get_current_user") -> Answer:
    """The answer to a call with a token."""
    return await api.ask(name, {}, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("header", ["X-ClearML-Impersonate-As", "X-ClearML-Act-As"])
async def test_a_token_of_another_user_ends_with_the_key(api: Api, header: str) -> None:
    name = f"victim of {header}"
    user = (await api.call("auth.create_user", name=name, email=f"{header}@example.org", company=DEFAULT_COMPANY))["id"]
    made = (await api.call("auth.create_credentials"))["credentials"]
    admin = api.as_user(made["access_key"], made["secret_key"])
    token = (await admin.ask("auth.login", {}, {header: user})).data["token"]
    renewed = (await by_token(api, token, "auth.login")).data["token"]
    for one in (token, renewed):
        assert (await by_token(api, one)).data["user"]["id"] == user
    await api.call("auth.revoke_credentials", access_key=made["access_key"])
    for one in (token, renewed):
        assert (await by_token(api, one)).codes == (401, 30)


async def test_a_key_is_known_behind_another_user() -> None:
    plain = Identity("u", "U", claims={"key": "K"})
    behind = Identity("v", "V", claims={"acting": {"user": "u", "key": "K"}})
    assert (shown_key(plain), shown_key(behind), shown_key(Identity("u", "U"))) == ("K", "K", None)


@pytest.mark.parametrize("name", ["auth.logout", "login.logout", "users.set_preferences"])
async def test_a_picture_in_a_page_logs_nobody_out(api: Api, name: str) -> None:
    """Over plain HTTP browsers do not say what they fetch: a report's picture looks like a call of the page."""
    token = (await api.call("auth.login"))["token"]
    headers = {"Cookie": f"clearml_token_basic={token}", "Referer": f"{api.urls['web']}/reports/r"}
    async with api.session.get(f"{api.urls['web']}/api/{name}", headers=headers) as response:
        assert response.status == 403
    assert (await by_token(api, token)).codes == (200, 0)
