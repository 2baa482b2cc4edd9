"""Files as the SDK uploads them and as browsers read them, over HTTP."""

import tracemalloc
from collections.abc import AsyncIterator

import aiohttp
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASIC = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
MEBIBYTE = 1 << 20


async def slowly(part: str, blocks: int) -> AsyncIterator[bytes]:
    """A body with one file of that many mebibytes, which is never whole in memory."""
    yield f'--limit\r\nContent-Disposition: form-data; name="{part}"; filename="x"\r\n\r\n'.encode()
    for number in range(blocks):
        yield bytes([number]) * MEBIBYTE
    yield b"\r\n--limit--\r\n"


async def test_21_18_an_expired_token_is_401_for_files_too(api: Api) -> None:
    token = (await api.call("auth.login", expiration_sec=-5))["token"]
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"clearml_token_basic={token}"}):
        async with api.session.get(f"{api.urls['files']}/no/such", headers=headers, allow_redirects=False) as response:
            assert response.status == 401


async def test_21_76_names_as_the_sdk_sends_them(api: Api) -> None:
    # a quote cannot stand in the header: forms send it encoded, and the SDK asks for the file by the quote itself
    name, stored = (f"proj/sub one/täsk.0123/artifacts/k/quo{quote}te+p%20lus.npz" for quote in ("%22", '"'))
    body = f'--limit\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\nseen\r\n--limit--\r\n'.encode()
    headers = {**BASIC, "Content-Type": "multipart/form-data; boundary=limit"}
    async with api.session.post(f"{api.urls['files']}/", data=body, headers=headers) as response:
        assert (response.status, await response.json(content_type=None)) == (200, [stored])
        assert response.content_type == "text/html"
    quoted = "proj/sub%20one/t%C3%A4sk.0123/artifacts/k/quo%22te+p%2520lus.npz"
    async with api.session.get(f"{api.urls['files']}/{quoted}", headers=BASIC) as response:
        assert (response.status, await response.read()) == (200, b"seen")


async def test_21_79_a_download_has_what_caches_and_browsers_ask_for(api: Api) -> None:
    body = b'--limit\r\nContent-Disposition: form-data; name="headers/a.txt"; filename="x"\r\n\r\nseen\r\n--limit--\r\n'
    headers = {**BASIC, "Content-Type": "multipart/form-data; boundary=limit"}
    async with api.session.post(f"{api.urls['files']}/", data=body, headers=headers) as response:
        assert response.status == 200
    async with api.session.get(f"{api.urls['files']}/headers/a.txt?download", headers=BASIC) as response:
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers.keys() >= {"Content-Length", "ETag", "Last-Modified", "Content-Type"}


async def test_21_82_an_upload_is_never_whole_in_memory(api: Api) -> None:
    headers = {**BASIC, "Content-Type": "multipart/form-data; boundary=limit"}
    tracemalloc.start()
    try:
        async with api.session.post(f"{api.urls['files']}/", data=slowly("big/file.bin", 64), headers=headers) as response:
            assert response.status == 200
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * MEBIBYTE
    async with api.session.head(f"{api.urls['files']}/big/file.bin", headers=BASIC) as response:
        assert int(response.headers["Content-Length"]) == 64 * MEBIBYTE
