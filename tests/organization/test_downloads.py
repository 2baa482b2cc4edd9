"""Lists as CSV files."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from trackyard.core.identity import DEFAULT_COMPANY
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY
from trackyard.plugins.organization import downloads

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A server with sockets, because a download is an HTTP response."""
    async with serving_kernel(tmp_path_factory.mktemp("kernel")) as api:
        yield api


async def fetch(api: Api, prepared: str) -> tuple[Any, bytes]:
    """The response of a download, and its body."""

    url = f"{api.urls['api']}/organization.download_for_get_all"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
    async with api.session.get(url, params={"prepare_id": prepared}, headers=headers) as response:
        return response, await response.read()


async def prepare(api: Api, fields: list[str], **body: Any) -> str:
    """The id of a prepared download of tasks with a column for each field."""
    mappings = body.pop("field_mappings", [{"field": field} for field in fields])
    answer = await api.call(
        "organization.prepare_download_for_get_all",
        {"entity_type": "task", "only_fields": fields, "field_mappings": mappings, **body},
    )
    return str(answer["prepare_id"])


async def rows(api: Api, fields: list[str], **body: Any) -> list[list[str]]:
    """The rows of a download, the first one being the titles."""
    response, content = await fetch(api, await prepare(api, fields, **body))
    assert response.status == 200
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


async def task(api: Api, name: str, **fields: Any) -> str:
    """The id of a new task."""
    return str((await api.call("tasks.create", {"name": name, "type": "training", **fields}))["id"])


async def test_a_download_is_a_file_in_csv(api: Api) -> None:
    project = (await api.call("projects.create", {"name": "csv/one"}))["id"]
    await task(api, 'with "quotes", commas', project=project, tags=["b", "a"])
    mappings = [
        {"field": "name", "name": "Task"},
        {"field": "project.name", "name": "Project"},
        {"field": "tags"},
        {"field": "status", "name": "Status", "values": [{"key": "created", "value": "Draft"}]},
        {"field": "started"},
    ]
    fields = ["name", "project.name", "tags", "status", "started"]
    body = {"project": [project], "field_mappings": mappings, "scroll_id": None, "size": 30}
    response, content = await fetch(api, await prepare(api, fields, **body))
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Content-Disposition"] == "attachment; filename=clearml-tasks.csv"
    assert content.startswith(b"\xef\xbb\xbf")
    assert content[3:].decode() == (
        '"Task","Project","tags","Status","started"\r\n"with ""quotes"", commas","csv/one","a, b","Draft",""\r\n'
    )


async def test_dotted_values_dates_and_numbers(api: Api) -> None:
    value = {"section": "Args", "name": "lr.x", "value": "-0.5"}
    project = (await api.call("projects.create", {"name": "csv/dotted"}))["id"]
    made = await task(api, "dotted", project=project, hyperparams={"Args": {"lr.x": value}})
    fields = ["hyperparams.Args.lr%2Ex.value", "last_iteration", "created", "id", "parent.name"]
    titles, row = await rows(api, fields, project=[project])
    assert titles == fields
    assert row[:2] == ["-0.5", "0"]
    assert row[2].endswith("+00:00")
    assert row[3:] == [made, ""]


async def test_every_row_comes_in_the_order_asked_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "STEP", 3)
    project = (await api.call("projects.create", {"name": "csv/many"}))["id"]
    for number in range(8):
        await task(api, f"number {number}", project=project)
    found = await rows(api, ["name"], project=[project], order_by=["-name"], page_size=2, size=2)
    assert [row[0] for row in found[1:]] == [f"number {number}" for number in range(7, -1, -1)]
    monkeypatch.setattr(downloads, "MOST_ROWS", 4)
    assert len(await rows(api, ["name"], project=[project])) == 5


async def test_models_are_downloaded_too(api: Api) -> None:
    await api.call("models.create", {"name": "downloaded", "uri": "http://files.test/m", "labels": {"a": 1}})
    found = await rows(api, ["name", "labels", "ready"], entity_type="model", name="^downloaded$")
    assert found == [["name", "labels", "ready"], ["downloaded", '{"a":1}', "true"]]


async def test_what_cannot_be_prepared(api: Api) -> None:
    for body, codes in (
        ({"field_mappings": []}, (400, 12)),
        ({"entity_type": "queue"}, (400, 12)),
        ({"name": "("}, (400, 21)),
        ({"only_fields": ["nothing"]}, (400, 14)),
    ):
        full = {"entity_type": "task", "only_fields": ["name"], "field_mappings": [{"field": "name"}], **body}
        assert (await api.ask("organization.prepare_download_for_get_all", full)).codes == codes, body


async def test_a_download_belongs_to_who_prepared_it(api: Api) -> None:
    prepared = await prepare(api, ["name"])
    assert (await api.ask("organization.download_for_get_all", {"prepare_id": "unknown"})).codes == (400, 10)
    made = await api.call("auth.create_user", {"name": "Other", "email": "other@users.test", "company": DEFAULT_COMPANY})
    headers = {"X-ClearML-Impersonate-As": made["id"]}
    answer = await api.ask("organization.download_for_get_all", {"prepare_id": prepared}, headers=headers)
    assert answer.codes == (400, 10)
