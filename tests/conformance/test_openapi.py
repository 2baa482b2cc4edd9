"""The OpenAPI document: valid, complete, and true for bodies that are generated from it."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from trackyard.core.protocol import openapi
from trackyard.core.testing.http import Api

from tests.conformance.protocol import PROTOCOL

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1200)]

EXAMPLES = 3
LEFT_OUT = {
    "auth.logout",
    "login.logout",
    "auth.revoke_credentials",
    "events.download_task_log",
    "organization.download_for_get_all",
}
"""They end the session of the test, or answer with something else than an envelope."""


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    """The document as clients get it."""
    found: dict[str, Any] = json.loads(json.dumps(openapi.document(api.kernel.endpoints)))
    return found


async def test_document_is_served_and_valid(api: Api, document: dict[str, Any]) -> None:
    """It is OpenAPI 3.1, and everybody may read it."""
    async with api.session.get(f"{api.urls['api']}/openapi.json") as response:
        assert await response.json() == document
    OpenAPIV31SpecValidator(document).validate()
    async with api.session.get(f"{api.urls['api']}/docs") as response:
        assert "tasks.get_all" in await response.text()


async def test_document_has_every_endpoint_with_its_fields(document: dict[str, Any]) -> None:
    """The required fields of the protocol are required in the document."""
    assert not {f"/{name}" for name in PROTOCOL.endpoints} - set(document["paths"])
    schemas = document["components"]["schemas"]
    wrong = []
    for name, facts in PROTOCOL.endpoints.items():
        schema = document["paths"][f"/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        known = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        wrong += [f"{name}.{field}" for field in facts.required() if field not in known.get("properties", {})]
    assert not wrong


def generated(document: dict[str, Any], mode: GenerationMode) -> list[tuple[str, Any]]:
    """Path and body of cases that fit the document, or that do not; always the same ones."""
    schema = schemathesis.openapi.from_dict(document)
    cases: list[tuple[str, Any]] = []
    quiet = settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.removeprefix("/") not in LEFT_OUT:
            collect = given(operation.as_strategy(generation_mode=mode))(lambda case: cases.append((case.path, case.body)))
            quiet(collect)()
    return cases


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["that fit", "that do not fit"])
async def test_generated_bodies(api: Api, document: dict[str, Any], mode: GenerationMode) -> None:
    """No fault, and no status that the document does not name."""
    wrong = []
    for path, body in generated(document, mode):
        name = path.removeprefix("/")
        content = body if isinstance(body, str | bytes) else json.dumps(body if isinstance(body, dict | list) else {})
        answer = await api.send("POST", name, content.encode() if isinstance(content, str) else content)
        documented = document["paths"][path]["post"]["responses"]
        if answer.status >= 500 or (str(answer.status) not in documented and answer.status != 301):
            wrong.append((name, body, answer.codes, answer.meta["result_msg"]))
    assert not wrong
