"""What a naive server gets wrong, 76 to 82: files."""

import json

import aiohttp
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTHORIZATION = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}


def multipart(parts: dict[str, bytes], filename: str = "unused") -> tuple[bytes, dict[str, str]]:
    """A body as the SDK makes it: the field's name is raw UTF-8, with quotes percent-encoded; and its headers."""
    body = b"".join(
        f'--limit\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in parts.items()
    )
    return body + b"--limit--\r\n", {**AUTHORIZATION, "Content-Type": "multipart/form-data; boundary=limit"}


async def upload(api: Api, parts: dict[str, bytes]) -> tuple[int, list[str]]:
    """Status and answer of an upload."""
    body, headers = multipart(parts)
    async with api.session.post(f"{api.urls['files']}/", data=body, headers=headers) as response:
        return response.status, json.loads(await response.text())


async def download(api: Api, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, content and headers of a file."""
    url = f"{api.urls['files']}/{path}"
    async with api.session.request(method, url, headers={**AUTHORIZATION, **headers}) as response:
        return response.status, await response.read(), dict(response.headers)


async def test_76_the_field_s_name_is_the_path(api: Api) -> None:
    """Literally: nothing is decoded, and the file name is not looked at."""
    assert await upload(api, {"p/ü x/b%20c.txt": b"1"}) == (200, ["p/ü x/b%20c.txt"])
    assert (await download(api, "p/%C3%BC%20x/b%2520c.txt"))[:2] == (200, b"1")
    assert (await download(api, "p/%C3%BC%20x/b%20c.txt"))[0] == 404


async def test_77_an_existing_file_is_replaced(api: Api) -> None:
    """Not renamed."""
    await upload(api, {"again/a.txt": b"old and long"})
    assert await upload(api, {"again/a.txt": b"new"}) == (200, ["again/a.txt"])
    assert (await download(api, "again/a.txt"))[1] == b"new"


async def test_78_upload_answers_200(api: Api) -> None:
    """With several files, and with none."""
    status, paths = await upload(api, {"many/a": b"a", "many/b": b"b"})
    assert (status, sorted(paths)) == (200, ["many/a", "many/b"])
    assert await upload(api, {}) == (200, [])


async def test_79_head_ranges_and_lengths(api: Api) -> None:
    """The SDK asks with HEAD whether a file is there, and reads the length."""
    await upload(api, {"ranges/a.bin": bytes(range(100))})
    status, content, headers = await download(api, "ranges/a.bin", "HEAD")
    assert (status, content, headers["Content-Length"]) == (200, b"", "100")
    status, content, headers = await download(api, "ranges/a.bin", Range="bytes=10-19")
    assert (status, content, headers["Content-Range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert (await download(api, "ranges/a.bin", Range="bytes=90-"))[1] == bytes(range(90, 100))
    assert (await download(api, "ranges/a.bin"))[2]["Content-Length"] == "100"
    assert (await download(api, "ranges/none.bin", "HEAD"))[0] == 404


async def test_80_without_credentials_it_is_401(api: Api) -> None:
    """No redirect to a page, for any method."""
    await upload(api, {"private/a.txt": b"a"})
    for method in ("GET", "HEAD", "DELETE"):
        async with api.session.request(method, f"{api.urls['files']}/private/a.txt", allow_redirects=False) as response:
            assert response.status == 401, method
    body, headers = multipart({"private/b.txt": b"b"})
    del headers["Authorization"]
    async with api.session.post(f"{api.urls['files']}/", data=body, headers=headers) as response:
        assert response.status == 401
    assert (await download(api, "private/b.txt"))[0] == 404
    assert (await download(api, "private/a.txt"))[0] == 200


async def test_81_long_names_and_many_parts(api: Api) -> None:
    """A path of many folders, and a thousand files in one request."""
    name = "/".join(f"folder {index:03} of a long path" for index in range(60)) + "/file.bin"
    assert await upload(api, {name: b"deep"}) == (200, [name])
    assert (await download(api, name.replace(" ", "%20")))[1] == b"deep"
    status, paths = await upload(api, {f"parts/{index}": b"x" for index in range(1000)})
    assert (status, len(paths)) == (200, 1000)


async def test_delete_answers_200_and_404(api: Api) -> None:
    """Files only."""
    await upload(api, {"gone/a.txt": b"a"})
    assert (await download(api, "gone", "DELETE"))[0] == 404
    assert (await download(api, "gone/a.txt", "DELETE"))[0] == 200
    assert (await download(api, "gone/a.txt", "DELETE"))[0] == 404
    assert (await download(api, "gone/a.txt"))[0] == 404


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "..", "a/b/../../../x", "/../x"])
async def test_paths_out_of_the_root_are_refused(api: Api, path: str) -> None:
    """As a field's name, which nothing normalises on the way."""
    body, headers = multipart({path: b"x"})
    async with api.session.post(f"{api.urls['files']}/", data=body, headers=headers) as response:
        assert response.status in (400, 404)
    assert not any("outside" in str(found) for found in api.kernel.data_dir.parent.rglob("*"))
