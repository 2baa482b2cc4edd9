"""S33, S34: bodies that cost more than they may, or that no handler expects."""

import asyncio
import gzip
from pathlib import Path

import aiohttp
import pytest
from trackyard.core.protocol import dispatch
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.asyncio(loop_scope="package")

PREFERENCES = "users.set_preferences"


async def test_parameters_nested_too_deeply(api: Api) -> None:
    for path in (f"{PREFERENCES}?preferences.{'a.' * 3000}a=1", f"tasks.create?name=deep&type=training&{'a.' * 3000}a=1"):
        answer = await api.send("GET", path, b"")
        assert answer.codes == (400, 0)


async def test_a_file_in_the_place_of_a_value(api: Api) -> None:
    form = aiohttp.FormData()
    form.add_field("preferences.q", b"\xff\x00", filename="x")
    body = form()
    content = await body.as_bytes()
    answer = await api.send("POST", PREFERENCES, content, {"Content-Type": body.headers["Content-Type"]})
    assert answer.codes == (400, 0)


async def test_a_form_in_a_form(api: Api) -> None:
    """Each level would be a call of its own for whoever skips it."""
    levels = (b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1) for level in range(2000))
    headers = {"Content-Type": "multipart/form-data; boundary=b0"}
    content = b"".join(levels)
    assert (await api.send("POST", PREFERENCES, content, headers)).codes == (400, 0)
    auth = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
    async with api.session.post(f"{api.urls['files']}/", data=content, headers={**headers, **auth}) as response:
        assert response.status == 400


async def test_encodings_that_nobody_knows(api: Api) -> None:
    part = b'--b\r\nContent-Transfer-Encoding: odd\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc\r\n--b--'
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await api.send("POST", "debug.ping", part, form, anonymous=True)).codes == (400, 0)
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=odd"}
    assert (await api.send("POST", "debug.ping", b"x=1", form, anonymous=True)).codes == (400, 0)


@pytest.mark.parametrize("name", ["debug.ping", "login.supported_modes"])
async def test_who_shows_no_credentials_sends_little(api: Api, name: str) -> None:
    content = b'{"x": "' + b"x" * dispatch.ANONYMOUS_BODY + b'"}'
    for headers, sent in (({}, content), ({"Content-Encoding": "gzip"}, gzip.compress(content))):
        answer = await api.send("POST", name, sent, headers, anonymous=True)
        assert answer.codes == (413, 0)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await api.send("POST", name, content, form, anonymous=True)).codes == (413, 0)
    assert (await api.send("POST", name, b'{"x": 1}', anonymous=True)).codes == (200, 0)


async def test_only_events_are_great(tmp_path: Path) -> None:
    """A body of hundreds of MiB is a batch of events; any other call is told so before it is read."""
    config = "[server]\nmax_call = 5000\n"
    async with serving_kernel(tmp_path, config) as own:
        content = b'{"preferences": {"x": "' + b"x" * 5000 + b'"}}'
        assert (await own.send("POST", PREFERENCES, content)).codes == (413, 0)
        assert (await own.send("POST", PREFERENCES, gzip.compress(content), {"Content-Encoding": "gzip"})).codes == (413, 0)
        task = (await own.call("tasks.create", name="many lines", type="training"))["id"]
        lines = [{"type": "log", "task": task, "msg": "x" * 5000, "timestamp": 1}]
        assert (await own.batch("events.add_batch", lines)).codes == (200, 0)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nX-Slow: ",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ",
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ],
)
async def test_who_sends_too_slowly_is_left(tmp_path: Path, sent: bytes) -> None:
    """A connection that does not bring a request to its end is closed."""
    async with serving_kernel(tmp_path, "[server]\nidle_seconds = 0.5\n") as own:
        reader, writer = await asyncio.open_connection("127.0.0.1", own.kernel.ports["api"])
        writer.write(sent)
        await asyncio.wait_for(reader.read(), 120)
        writer.close()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"preferences": {"a": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b'{"preferences": {"a": "\\ud800"}}',
        b'{"preferences": {"a": 1' + b"0" * 5000 + b"}}",
    ],
)
async def test_json_that_is_not_meant(api: Api, content: bytes) -> None:
    assert (await api.send("POST", PREFERENCES, content)).codes == (400, 0)
