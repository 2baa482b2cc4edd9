"""The proxy between browsers and applications: what passes, what does not, and who may."""

from __future__ import annotations

import io

import aiohttp
import pytest
from aiohttp import WSMsgType
from trackyard.core.testing.http import Api

from tests.applications.conftest import Host, running_task
from tests.applications.upstream import upstream
from tests.identity.conftest import as_new_user

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRETS = {"Cookie": "clearml_token_basic=mine; other=1", "Authorization": "Basic bXk6a2V5", "X-ClearML-Worker": "w"}
BROWSER = {
    **SECRETS,
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-User": "root",
    "Connection": "X-Hop",
    "X-Hop": "1",
    "X-Own": "kept",
}


async def test_a_request_passes_without_what_is_the_sites(host: Host) -> None:
    """Method, raw path, query, body and own headers pass; cookies, credentials and what the client says of proxies do not."""
    base = await host.opened()
    async with host.api.session.post(base + "/a%2Fb//c?x=%20&y", data=io.BytesIO(b"body"), headers=BROWSER) as answer:
        told = await answer.json()
        assert answer.status == 203
    assert (told["method"], told["path"], told["body"]) == ("POST", "/a%2Fb//c?x=%20&y", "body")
    headers = told["headers"]
    assert headers["x-own"] == "kept"
    gone = {"cookie", "authorization", "x-hop", "x-clearml-worker", "origin", "referer"}
    assert not gone & headers.keys()
    prefix = base.removeprefix(host.api.urls["web"])
    assert (headers["x-forwarded-for"], headers["x-forwarded-prefix"]) == ("127.0.0.1", prefix)
    assert headers["x-forwarded-host"] == host.api.urls["web"].removeprefix("http://")
    assert headers["x-forwarded-user"] == (await host.api.call("users.get_current_user"))["user"]["id"]
    assert headers["host"] == f"127.0.0.1:{host.app.port}"


async def test_an_answer_is_in_a_sandbox(host: Host) -> None:
    """The application sets no cookie, loosens no policy and has no part in the site's origin; what caches need passes."""
    async with host.api.session.get(await host.opened() + "/") as answer:
        assert not {"Set-Cookie", "Clear-Site-Data", "Service-Worker-Allowed"} & answer.headers.keys()
        [policy] = answer.headers.getall("Content-Security-Policy")
        assert policy.startswith("sandbox allow-scripts ")
        assert "allow-same-origin" not in policy
        assert "allow-top-navigation" not in policy
        assert (answer.headers["ETag"], answer.headers["Referrer-Policy"]) == ('"kept"', "no-referrer")


async def test_a_stream_passes_piece_by_piece(host: Host) -> None:
    """The first piece arrives while the application still holds the second back."""
    async with host.api.session.get(await host.opened() + "/stream") as answer:
        assert await answer.content.readexactly(5) == b"first"
        host.app.go_on.set()
        assert await answer.read() == b"second"


@pytest.mark.parametrize(
    ("to", "expected"),
    [("/x?y=1", "PREFIX/x?y=1"), ("rest", "rest"), ("http://UPSTREAM/z", "PREFIX/z"), ("//example.com/", "//example.com/")],
)
async def test_redirects_stay_below_the_prefix(host: Host, to: str, expected: str) -> None:
    base = await host.opened()
    to = to.replace("UPSTREAM", f"127.0.0.1:{host.app.port}")
    async with host.api.session.get(base + "/redirect", params={"to": to}, allow_redirects=False) as answer:
        assert answer.headers["Location"] == expected.replace("PREFIX", base.removeprefix(host.api.urls["web"]))


async def test_a_web_socket_passes_both_ways(host: Host) -> None:
    """Text and bytes, the chosen protocol, the code of the end; no cookie and no origin of the browser."""
    headers = {**SECRETS, "Origin": "null"}
    async with host.api.session.ws_connect(
        await host.opened() + "/echo", headers=headers, protocols=["bokeh", "a-token"]
    ) as socket:
        assert socket.protocol == "bokeh"
        told = await socket.receive_json()
        assert not {"cookie", "authorization", "origin"} & told.keys()
        assert told["sec-websocket-protocol"] == "bokeh,a-token"
        await socket.send_str("text")
        assert await socket.receive_str() == "text"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes() == b"\x00\xff"
        await socket.send_str("end")
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 4321


async def test_a_web_socket_of_another_site_is_refused(host: Host) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await host.api.session.ws_connect(await host.opened() + "/echo", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403


async def test_the_anonymous_and_false_tickets_are_refused(host: Host) -> None:
    """Without a ticket of the server, or with one for another task, nothing reaches the application."""
    ticket = (await host.opened()).rpartition("~")[2]
    other = await running_task(host.api)
    web = host.api.urls["web"]
    for path, status in (
        (f"{host.prefix}~zzz/", 401),
        (f"{host.prefix}~{ticket[:-4]}zzzz/", 401),
        (f"/apps/{other}/~{ticket}/", 401),
    ):
        async with host.api.session.get(web + path) as answer:
            assert (answer.status, "x-own" in await answer.text()) == (status, False), path
    for endpoint in ("applications.open", "applications.get_all"):
        assert (await host.api.ask(endpoint, {"task": host.task}, anonymous=True)).codes[0] == 401


async def test_what_is_the_owners_is_nobody_elses(api: Api) -> None:
    """A user may open what is not reserved; a guest nothing; a user who was disabled has no use of the ticket."""
    user, other = await as_new_user(api, "Quinn")
    _, guest = await as_new_user(api, "Guido", role="guest")
    async with upstream() as app:
        task = await running_task(api)
        await app.register(api, task)
        ticket = (await other.call("applications.open", task=task))["ticket"]
        assert (await guest.ask("applications.open", {"task": task})).codes[0] == 403
        await app.register(api, task, only_owner=True)
        assert (await other.ask("applications.open", {"task": task})).codes == (403, 20)
        url = f"{api.urls['web']}/apps/{task}/~{ticket}/"
        async with api.session.get(url) as answer:
            assert answer.status == 403
        await app.register(api, task)
        async with api.session.get(url) as answer:
            assert answer.status == 203
        await api.call("auth.edit_user", user=user, disabled=True)
        async with api.session.get(url) as answer:
            assert answer.status == 403


async def test_an_application_that_is_gone_gives_a_page(host: Host) -> None:
    """One page while the task still runs, another when it has ended; a preflight needs no application."""
    base = await host.opened()
    await host.app.runner.cleanup()
    async with host.api.session.get(base + "/") as answer:
        assert (answer.status, "does not answer" in await answer.text()) == (502, True)
    assert await host.api.call("applications.open", task=host.task) == {"state": "starting", "status": "in_progress"}
    await host.api.call("tasks.stopped", task=host.task)
    async with host.api.session.get(base + "/") as answer:
        assert (answer.status, "does not run" in await answer.text()) == (502, True)
    asks = {"Origin": "null", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with host.api.session.options(base + "/", headers=asks) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Headers"]) == (204, "content-type")
