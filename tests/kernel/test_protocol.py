"""The wire: paths, versions, bodies, credentials, permissions, envelope, errors."""

import asyncio
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from trackyard.core.kernel import Kernel
from trackyard.core.sites import server
from trackyard.core.testing.kernel import serving_kernel

from tests.kernel.conftest import AsyncOpen, Served

Headers = dict[str, str]


def basic(name: str, role: str) -> Headers:
    """The header of Basic credentials."""
    return {"Authorization": aiohttp.encode_basic_auth(name, role)}


ALICE = basic("alice", "user")
JSON = {"Content-Type": "application/json"}


async def ask(
    session: aiohttp.ClientSession, path: str, body: Any = None, method: str = "POST", **options: Any
) -> tuple[int, Any]:
    """Status and envelope of a call, as alice unless ``auth`` says otherwise."""
    headers = {**(options.pop("auth", ALICE) or {}), **options.pop("headers", JSON)}
    if body is not None:
        options.setdefault("data", json.dumps(body))
    options["headers"] = headers
    async with session.request(method, path, **options) as response:
        return response.status, await response.json()


async def test_paths_versions_and_methods(amake: AsyncOpen, served: Served) -> None:
    kernel = await amake("probe")
    async with served(kernel) as session:
        double = f"http://127.0.0.1:{kernel.ports['api']}//probe.echo"
        for path in ("/probe.echo", "/v2.31/probe.echo", "/v999.0/probe.echo", double, "/probe.echo/"):
            status, answer = await ask(session, path, {"task": "t1"})
            assert (status, answer["data"]["task"]) == (200, "t1"), path
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert (await ask(session, "/probe.echo", {"task": "t1"}, method))[1]["data"]["task"] == "t1"
        for path in ("/v2/probe.echo", "/probe", "/api/probe.echo", "/x.y.z", "/"):
            status, answer = await ask(session, path, {})
            assert (status, answer["meta"]["result_subcode"], answer["meta"]["endpoint"]["name"]) == (400, 0, ""), path
        assert (await ask(session, "/probe.nothing", {}))[0] == 404
        async with session.options("/probe.echo") as response:
            assert (response.status, await response.text()) == (200, "")


async def test_the_handler_is_chosen_by_number_not_by_text(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        status, answer = await ask(session, "/v2.8/probe.echo", {"task": "t"})
        assert answer["data"] == {"old": True}
        assert answer["meta"]["endpoint"] == {"name": "probe.echo", "requested_version": "2.8", "actual_version": "1.0"}
        status, answer = await ask(session, "/v2.23/probe.echo", {"task": "t"})
        assert answer["meta"]["endpoint"]["actual_version"] == "2.9"
        status, answer = await ask(session, "/v2.9/probe.recent", {"task": "t"})
        assert (status, answer["meta"]["result_subcode"], answer["data"]) == (404, 0, {})


async def test_the_envelope(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        headers = {**JSON, "X-Trains-Trx": "trx1", "X-ClearML-Worker": "host:0"}
        _, answer = await ask(session, "/probe.echo", {"task": "t", "method": "get"}, headers=headers)
        meta = answer["meta"]
        assert (meta["trx"], meta["result_code"], meta["result_subcode"], meta["result_msg"], meta["error_stack"]) == (
            "trx1",
            200,
            0,
            "OK",
            "",
        )
        assert len(meta["id"]) == 32
        assert answer["data"]["worker"] == "host:0"
        _status, answer = await ask(session, "/probe.values", {})
        assert answer["data"] == {"when": "2026-01-02T03:04:05.000+00:00", "nan": None, "big": 2**70, "list": [None]}


async def test_faults_are_told_without_their_trace(amake: AsyncOpen, served: Served, caplog: pytest.LogCaptureFixture) -> None:
    async with served(await amake("probe")) as session:
        status, answer = await ask(session, "/probe.fault", {})
        assert (status, answer["data"]) == (500, {})
        assert "secret detail" not in json.dumps(answer)
        assert answer["meta"]["id"] in answer["meta"]["result_msg"]
        assert "secret detail" in caplog.text
        async with session.post("/probe.busy", headers=ALICE) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("raw", "headers", "code", "subcode"),
    [
        (b"{", JSON, 400, 0),
        (b"[1]", JSON, 400, 0),
        (b"[" * 100_000, JSON, 400, 0),
        (b"\xff\xfe", JSON, 400, 0),
        (b'{"task": "\\ud800"}', JSON, 400, 0),
        (b"{}", JSON, 400, 12),
        (b'{"task": 1}', JSON, 400, 12),
        (b'{"task": "t", "tags": [1]}', JSON, 400, 12),
        (b'{"task": "t", "count": NaN}', JSON, 400, 12),
        (b"broken gzip", {**JSON, "Content-Encoding": "gzip"}, 400, 0),
        (b"{}", {**JSON, "Content-Encoding": "compress"}, 415, 0),
        (b'{"task": "t"}', {"Content-Type": "application/x-www-form-urlencoded"}, 400, 12),
    ],
)
async def test_bad_bodies(amake: AsyncOpen, served: Served, raw: bytes, headers: dict[str, str], code: int, subcode: int) -> None:
    async with served(await amake("probe")) as session:
        status, answer = await ask(session, "/probe.echo", data=raw, headers=headers)
        assert (status, answer["meta"]["result_code"], answer["meta"]["result_subcode"]) == (code, code, subcode)
        assert answer["data"] == {}


async def test_the_field_of_a_wrong_type_is_named(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        assert "field=count" in (await ask(session, "/probe.echo", {"task": "t", "count": "x"}))[1]["meta"]["result_msg"]
        assert "field=task" in (await ask(session, "/probe.echo", {}))[1]["meta"]["result_msg"]
        assert "field=tags[1]" in (await ask(session, "/probe.echo", {"task": "t", "tags": ["a", 1]}))[1]["meta"]["result_msg"]


async def test_good_bodies(amake: AsyncOpen, served: Served) -> None:
    text = json.dumps({"task": "t", "x": float("nan")}).encode()
    bodies: list[tuple[bytes, dict[str, str]]] = [
        (text, {}),
        (text, {"Content-Type": "text/plain"}),
        (gzip.compress(text), {"Content-Encoding": "gzip"}),
        (zlib.compress(text), {"Content-Encoding": "deflate"}),
        (b"task=t&a.b=1&c=true&d=1&d=2", {"Content-Type": "application/x-www-form-urlencoded"}),
    ]
    async with served(await amake("probe")) as session:
        for raw, headers in bodies:
            status, answer = await ask(session, "/probe.echo", data=raw, headers=headers)
            assert (status, answer["data"]["task"]) == (200, "t"), headers
        assert answer["data"]["body"] == {"task": "t", "a": {"b": 1}, "c": True, "d": [1, 2]}
        status, answer = await ask(session, "/probe.echo?task=q&types[]=a&n=-3", {"count": 2}, "GET")
        assert answer["data"]["body"] == {"count": 2, "task": "q", "types": ["a"], "n": -3}


async def test_a_body_above_the_limit(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe", text="[server]\nmax_body = 1000\n")) as session:
        status, answer = await ask(session, "/probe.echo", {"task": "t" * 2000})
        assert (status, answer["meta"]["result_code"]) == (413, 413)
        bomb = gzip.compress(b" " * 1_000_000)
        assert (await ask(session, "/probe.echo", data=bomb, headers={**JSON, "Content-Encoding": "gzip"}))[0] == 413


async def test_lines_reach_a_batch_endpoint_unparsed(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        for kind in ("application/json-lines", "application/json-lines; charset=utf-8"):
            _, answer = await ask(session, "/probe.lines", data=b'{"a":1}\n{"a":2}\n', headers={"Content-Type": kind})
            assert answer["data"] == {"bytes": 16, "batch": True}
        _status, answer = await ask(session, "/probe.lines", {"a": 1})
        assert answer["data"]["batch"] is False


async def test_credentials_and_permissions(amake: AsyncOpen, served: Served) -> None:
    cases = [
        ("/probe.echo", None, 401, 20),
        ("/probe.echo", basic("nobody", "x"), 401, 22),
        ("/probe.nothing", None, 404, 0),
        ("/probe.open", None, 200, 0),
        ("/probe.open", basic("nobody", "x"), 200, 0),
        ("/probe.maybe", None, 200, 0),
        ("/probe.maybe", basic("nobody", "x"), 200, 0),
        ("/probe.admin", ALICE, 403, 20),
        ("/probe.admin", basic("root", "root"), 200, 0),
        ("/probe.write", basic("gil", "guest"), 403, 21),
        ("/probe.echo", basic("gil", "guest"), 200, 0),
    ]
    async with served(await amake("probe")) as session:
        for path, auth, code, subcode in cases:
            status, answer = await ask(session, path, {"task": "t"}, auth=auth)
            assert (status, answer["meta"]["result_subcode"]) == (code, subcode), (path, auth)
        status, answer = await ask(session, "/probe.echo", {"task": "t"}, auth=None, headers={"Authorization": "Digest x"})
        assert (status, answer["meta"]["result_subcode"]) == (401, 10)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://friend.example", "Sec-Fetch-Site": "same-site"}, 200),
    ],
)
async def test_another_site_can_not_use_the_cookie(amake: AsyncOpen, served: Served, headers: dict[str, str], code: int) -> None:
    text = '[server]\nallowed_origins = ["https://friend.example"]\n'
    async with served(await amake("probe", text=text)) as session:
        for method in ("POST", "GET"):
            cookie = {"Cookie": "clearml_token_basic=alice:user"}
            assert (await ask(session, "/probe.echo", {"task": "t"}, method, auth=None, headers={**JSON, **headers, **cookie}))[
                0
            ] == code


@pytest.mark.parametrize(
    ("method", "referrer", "code"), [("POST", "", 200), ("GET", "", 403), ("GET", "own", 200), ("GET", "evil", 403)]
)
async def test_a_link_can_not_use_the_cookie(amake: AsyncOpen, served: Served, method: str, referrer: str, code: int) -> None:
    """Without TLS browsers do not say which site a request comes from; a link and an image have no origin."""
    kernel = await amake("probe")
    async with served(kernel) as session:
        pages = {"own": f"http://127.0.0.1:{kernel.ports['web']}/tasks", "evil": "http://evil.example/page"}
        headers = {**JSON, "Cookie": "clearml_token_basic=alice:user"}
        if referrer:
            headers["Referer"] = pages[referrer]
        assert (await ask(session, "/probe.echo", {"task": "t"}, method, auth=None, headers=headers))[0] == code


async def test_only_allowed_origins_may_read_answers(amake: AsyncOpen, served: Served) -> None:
    kernel = await amake("probe")
    async with served(kernel) as session:
        own = f"http://127.0.0.1:{kernel.ports['web']}"
        for origin, allowed in ((own, own), ("https://evil.example", None)):
            async with session.post("/probe.open", data=b'{"task": "t"}', headers={**JSON, "Origin": origin}) as response:
                assert response.headers.get("Access-Control-Allow-Origin") == allowed


async def test_a_client_that_forks_gets_a_connection_of_its_own(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        for headers in ({"X-ClearML-Client": "clearml-2.1.12"}, {"User-Agent": "python-requests/2.32"}):
            async with session.post("/probe.open", data=b'{"task": "t"}', headers={**JSON, **headers}) as response:
                assert response.headers.get("Connection") == "close"
        async with session.post("/probe.open", data=b'{"task": "t"}', headers=JSON) as response:
            assert response.headers.get("Connection") != "close"


async def test_the_other_sites(amake: AsyncOpen, served: Served) -> None:
    kernel = await amake("probe", text='[server]\npath_prefix = "/yard"\n')
    async with served(kernel), aiohttp.ClientSession(f"http://127.0.0.1:{kernel.ports['web']}") as web:
        assert (await ask(web, "/api/v2.31/probe.echo", {"task": "t"}))[1]["data"]["task"] == "t"
        assert (await ask(web, "/yard/api/probe.echo", {"task": "t"}))[1]["data"]["task"] == "t"
        async with web.get("/files/hello", headers=ALICE) as response:
            assert (await response.text(), response.headers["X-Content-Type-Options"]) == ("hello alice", "nosniff")
        for path in ("/board", "/yard/board"):
            async with web.get(path, headers=ALICE) as response:
                text = await response.text()
                assert "<p>alice</p>" in text
                assert "<p>/yard/x</p>" in text
                assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
        async with web.get("/board", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "/yard/login?next=/board")
        status, answer = await ask(web, "/no-such-page")
        assert (status, answer["meta"]["result_code"]) == (404, 404)


async def test_health_metrics_and_documents(amake: AsyncOpen, served: Served) -> None:
    async with served(await amake("probe")) as session:
        async with session.get("/healthz") as response:
            assert response.status == 200
        async with session.get("/readyz") as response:
            assert await response.json() == {"ready": True, "parts": {"probe": {"ok": True, "detail": ""}}}
        async with session.get("/metrics") as response:
            assert response.status == 200
        async with session.get("/openapi.json") as response:
            document = await response.json()
            assert document["paths"]["/probe.echo"]["post"]["operationId"] == "probe.echo"
            assert document["components"]["schemas"]["EchoRequest"]["required"] == ["task"]
        async with session.get("/docs") as response:
            assert "probe.echo" in await response.text()


async def test_an_answer_that_breaks_off_is_not_followed_by_another(amake: AsyncOpen, served: Served) -> None:
    kernel = await amake("probe")
    async with served(kernel):
        reader, writer = await asyncio.open_connection("127.0.0.1", kernel.ports["files"])
        writer.write(b"GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
        raw = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert raw.startswith(b"HTTP/1.1 200")
    assert raw.endswith(b"\r\n\r\nhalf")


async def test_who_is_told_that_the_server_is_ready_may_use_every_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listening: list[str] = []
    listen = server._listen

    async def noted(runner: web.AppRunner, kernel: Kernel, name: str) -> int:
        listening.append(name)
        return await listen(runner, kernel, name)

    monkeypatch.setattr(server, "_listen", noted)
    async with serving_kernel(tmp_path):
        assert sorted(listening) == ["api", "files", "web"]
        assert listening[-1] == "api", "readyz is the API's"
