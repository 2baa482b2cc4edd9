"""The OpenAPI 3.1 document, made from the declared types of the endpoints, and a plain page that shows it."""

from __future__ import annotations

import html
from typing import Any

import msgspec
from trackyard.core.identity import Access
from trackyard.core.protocol.endpoint import Endpoint, Registry
from trackyard.core.protocol.version import NEWEST

ENVELOPE = {
    "type": "object",
    "required": ["meta", "data"],
    "properties": {"meta": {"$ref": "#/components/schemas/Meta"}, "data": {"type": "object"}},
}
META = {
    "type": "object",
    "required": ["id", "trx", "endpoint", "result_code", "result_subcode", "result_msg", "error_data"],
    "properties": {
        "id": {"type": "string"},
        "trx": {"type": "string"},
        "endpoint": {"type": "object"},
        "result_code": {"type": "integer"},
        "result_subcode": {"type": "integer"},
        "result_msg": {"type": "string"},
        "error_stack": {"type": ["string", "null"]},
        "error_data": {"type": "object"},
    },
}
ERRORS = {
    "400": "The request is wrong; `meta` names the field",
    "401": "No valid credentials",
    "403": "The role does not allow it",
    "404": "No such endpoint",
    "413": "The body is too large",
    "415": "The body's encoding is not supported",
    "429": "The server is at its limit; see Retry-After",
    "500": "A fault of the server",
    "503": "The server can't serve now; see Retry-After",
}


def document(registry: Registry) -> dict[str, Any]:
    """The document of the newest handler of every endpoint."""
    newest = [endpoint for name in registry.names() if (endpoint := registry.find(name, NEWEST))]
    kinds = [endpoint.request for endpoint in newest] + [endpoint.reply for endpoint in newest if endpoint.reply]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_kind = dict(zip(map(id, kinds), schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trackyard", "version": str(NEWEST), "summary": "Compatible with the ClearML SDK and agent"},
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": {f"/{endpoint.name}": {"post": _operation(endpoint, by_kind)} for endpoint in newest},
        "components": {
            "schemas": {"Meta": META, "Envelope": ENVELOPE, **components},
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint[Any], by_kind: dict[int, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": by_kind[id(endpoint.request)]}}
    if endpoint.batch:
        content["application/json-lines"] = {"schema": {"type": "string"}}
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.service],
        "summary": endpoint.summary or _first_line(endpoint),
        "requestBody": {"required": False, "content": content},
        "responses": {"200": _good(endpoint, by_kind), **{code: _bad(text) for code, text in ERRORS.items()}},
    }
    if endpoint.permission.access is not Access.REQUIRED:
        operation["security"] = []
    return operation


def _good(endpoint: Endpoint[Any], by_kind: dict[int, Any]) -> dict[str, Any]:
    if endpoint.raw_reply:
        return {"description": "The content", "content": {"*/*": {"schema": {}}}}
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Envelope"}
    if endpoint.reply is not None:
        schema = {"allOf": [schema, {"type": "object", "properties": {"data": by_kind[id(endpoint.reply)]}}]}
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _bad(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}}}


def _first_line(endpoint: Endpoint[Any]) -> str:
    return (endpoint.handler.__doc__ or endpoint.name).strip().splitlines()[0]


def page(registry: Registry) -> str:
    """A page without scripts that lists every endpoint with its fields."""
    rows = []
    for name in registry.names():
        endpoint = registry.find(name, NEWEST)
        if endpoint is not None:
            fields = ", ".join(field.encode_name for field in msgspec.structs.fields(endpoint.request))
            cells = (name, str(endpoint.min_version), endpoint.summary or _first_line(endpoint), fields)
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>Endpoint</th><th>Since</th><th>What it does</th><th>Fields</th></tr>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Trackyard API</title></head><body>'
        "<h1>Trackyard API</h1>"
        f'<p>The same as <a href="openapi.json">openapi.json</a>.</p><table>{head}{"".join(rows)}</table></body></html>'
    )
