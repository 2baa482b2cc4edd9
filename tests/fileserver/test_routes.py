"""The file server's routes: uploads by field name, downloads, ranges, deletions, and that every way asks who asks."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

AUTH = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
BIG = bytes(range(256)) * 20_000


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A served kernel."""
    async with serving_kernel(tmp_path) as found:
        yield found


def raw_form(*parts: tuple[str, str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A form as the SDK writes it: raw UTF-8 names, quotes as %22, and nothing else escaped."""
    body = b"".join(
        f'--xYz\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for field, name, content in parts
    )
    return body + b"--xYz--\r\n", {**AUTH, "Content-Type": "multipart/form-data; boundary=xYz"}


async def upload(api: Api, *parts: tuple[str, str, bytes]) -> tuple[int, str]:
    """Status and text of an upload."""
    body, headers = raw_form(*parts)
    async with api.session.post(f"{api.urls['files']}/", data=io.BytesIO(body), headers=headers) as response:
        return response.status, await response.text()


async def fetch(api: Api, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of a request for a file."""
    async with api.session.request(method, f"{api.urls['files']}/{path}", headers={**AUTH, **headers}) as response:
        return response.status, await response.read(), response.headers


async def test_a_part_is_stored_under_its_field_name_and_overwrites(api: Api) -> None:
    status, text = await upload(api, ("/proj/a b.id/artifacts/x/f.txt", "other.txt", b"one"), ("ü/q%22.bin", "f", BIG))
    assert (status, json.loads(text)) == (200, ["proj/a b.id/artifacts/x/f.txt", 'ü/q".bin'])
    assert (await fetch(api, "proj/a%20b.id/artifacts/x/f.txt"))[1] == b"one"
    assert (await fetch(api, "%C3%BC/q%22.bin"))[1] == BIG
    assert (await fetch(api, "other.txt"))[0] == 404
    await upload(api, ("proj/a b.id/artifacts/x/f.txt", "f", b"two"))
    assert (await fetch(api, "proj/a%20b.id/artifacts/x/f.txt"))[1] == b"two"
    await upload(api, ("b%20c", "f", b"literal"))
    assert (await fetch(api, "b%2520c"))[1] == b"literal"
    assert (await upload(api))[1] == "[]"


async def test_stored_bytes_and_checksum(api: Api) -> None:
    await upload(api, ("big.bin", "f", BIG))
    from trackyard.core.paths import storage_path

    stored = await api.kernel.files.stat(storage_path("big.bin"))
    assert stored is not None
    assert stored.size == len(BIG)
    assert stored.sha256 in (None, hashlib.sha256(BIG).hexdigest())
    assert await api.kernel.files.checksum(storage_path("big.bin")) == hashlib.sha256(BIG).hexdigest()


@pytest.mark.parametrize("field", ["../x", "a/../../x", "a\\\\b", "..", ".trackyard/x", "a/\x01b", "x" * 300])
async def test_a_path_that_leaves_the_root_is_refused(api: Api, tmp_path: Path, field: str) -> None:
    assert (await upload(api, (field, "f", b"x")))[0] in (400, 404)
    assert [path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()] == []


async def test_ranges_conditions_and_head(api: Api) -> None:
    await upload(api, ("f.txt", "f", b"0123456789"))
    status, body, headers = await fetch(api, "f.txt")
    assert (status, body, headers["Content-Length"], headers["Content-Type"]) == (
        200,
        b"0123456789",
        "10",
        "text/plain; charset=utf-8",
    )
    status, body, head = await fetch(api, "f.txt", "HEAD")
    assert (status, body, head["Content-Length"], head["ETag"]) == (200, b"", "10", headers["ETag"])
    status, body, part = await fetch(api, "f.txt", Range="bytes=2-4")
    assert (status, body, part["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert (await fetch(api, "f.txt", Range="bytes=-3"))[1] == b"789"
    assert (await fetch(api, "f.txt", Range="bytes=7-"))[1] == b"789"
    assert (await fetch(api, "f.txt", Range="bytes=20-"))[0] == 416
    assert (await fetch(api, "f.txt", **{"If-None-Match": headers["ETag"]}))[0] == 304
    assert (await fetch(api, "f.txt", **{"Range": "bytes=2-4", "If-Range": '"old"'}))[0] == 200
    assert (await fetch(api, "no/such", "HEAD"))[0] == 404


async def test_nothing_stored_runs_in_the_applications_origin(api: Api) -> None:
    await upload(
        api, ("x.html", "f", b"<script>alert(1)</script>"), ("x.svg", "f", b"<svg/>"), ("x.js", "f", b"1"), ("m.gz", "f", b"1")
    )
    for name in ("x.html", "x.svg", "x.js", "m.gz"):
        _, _, headers = await fetch(api, name)
        assert headers["Content-Security-Policy"].startswith("sandbox;")
        assert "allow-scripts" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    _, _, headers = await fetch(api, "x.html?download")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''x.html"


async def test_every_path_and_method_asks_who_asks(api: Api) -> None:
    await upload(api, ("f.txt", "f", b"secret"))
    token = (await api.call("auth.login"))["token"]
    ways = {"none": {}, "wrong": {"Authorization": "Bearer x.y.z"}}
    for headers in ways.values():
        for method, path in (
            ("GET", "f.txt"),
            ("HEAD", "f.txt"),
            ("DELETE", "f.txt"),
            ("POST", ""),
            ("POST", "delete_many"),
            ("GET", "no"),
        ):
            async with api.session.request(method, f"{api.urls['files']}/{path}", headers=headers) as response:
                assert response.status == 401, (method, path)
                assert b"secret" not in await response.read()
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"clearml_token_basic={token}"}):
        async with api.session.get(f"{api.urls['files']}/f.txt", headers=headers) as response:
            assert await response.read() == b"secret"
    async with api.session.get(f"{api.urls['files']}/") as response:
        assert await response.text() == "OK"
    async with api.session.put(f"{api.urls['files']}/f.txt", headers=AUTH) as response:
        assert response.status == 405


async def test_a_client_that_goes_away_is_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK closes downloads of which it wanted the head only; the file is closed and the log stays clean."""
    async with serving_kernel(tmp_path) as api:
        await upload(api, ("big.bin", "f", BIG))
        port = int(api.urls["files"].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /big.bin HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTH['Authorization']}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_deletions(api: Api) -> None:
    await upload(api, ("d/a.txt", "f", b"1"), ("d/e/b.txt", "f", b"1"), ("d/c c.txt", "f", b"1"), ("keep.txt", "f", b"1"))
    assert (await fetch(api, "d", "DELETE"))[0] == 404
    assert (await fetch(api, "d/a.txt", "DELETE"))[:2] == (200, b'"d/a.txt"')
    assert (await fetch(api, "d/a.txt", "DELETE"))[0] == 404

    async def many(files: list[str]) -> tuple[int, dict[str, object]]:
        async with api.session.post(f"{api.urls['files']}/delete_many", json={"files": files}, headers=AUTH) as response:
            return response.status, await response.json()

    status, told = await many(["d/c+c.txt", "d/e", "no.txt", "", "../keep.txt"])
    assert (status, told["deleted"]) == (200, {"d/c+c.txt": "d/c+c.txt", "d/e": "d/e"})
    assert told["errors"] == {"Not found": ["no.txt"], "empty path": [""], "path leaves the root": ["../keep.txt"]}
    assert (await many([]))[0] == 400
    assert (await fetch(api, "keep.txt"))[0] == 200


async def test_an_upload_that_breaks_off_leaves_nothing(api: Api, tmp_path: Path) -> None:
    body, headers = raw_form(("half.bin", "f", BIG))
    async with api.session.post(f"{api.urls['files']}/", data=io.BytesIO(body[:-2000]), headers=headers) as response:
        assert response.status == 400
    assert (await fetch(api, "half.bin"))[0] == 404
    assert list((tmp_path / "data" / "files" / ".trackyard").iterdir()) == []


async def test_links_are_not_followed(api: Api, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    root = tmp_path / "data" / "files"
    (root / "link.txt").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)
    assert (await fetch(api, "link.txt"))[0] == 404
    assert (await fetch(api, "folder/outside.txt"))[0] in (400, 404)
    assert (await upload(api, ("folder/new.txt", "f", b"x")))[0] == 400
    assert not (tmp_path / "new.txt").exists()


async def test_a_client_that_hangs_up_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK asks for a file and hangs up when it only wanted to know the size."""
    async with serving_kernel(tmp_path) as api:
        await upload(api, ("big.bin", "f", BIG))
        for _ in range(3):
            response = await api.session.get(f"{api.urls['files']}/big.bin", headers=AUTH)
            assert response.content_length == len(BIG)
            response.close()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
