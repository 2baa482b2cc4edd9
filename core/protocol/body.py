"""Reading requests: JSON with NaN tolerated, form fields, query strings, JSON lines, compressed bodies."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from aiohttp import web
from multidict import MultiDictProxy
from trackyard.core.errors import ApiError

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
LINES_TYPE = "application/json-lines"
DEPTH_LIMIT = 100
"""How deep lists and objects of a body may be nested."""
ENCODINGS = ("", "identity", "gzip", "deflate")


def is_lines(request: web.Request) -> bool:
    """Whether the body is JSON lines."""
    return request.content_type == LINES_TYPE


async def read_raw(request: web.Request) -> bytes:
    """The whole body, decompressed, within the server's limit."""
    encoding = request.headers.get("Content-Encoding", "").lower()
    if encoding not in ENCODINGS:
        raise ApiError(415, 0, "Unsupported content encoding", encoding=encoding, supported="gzip, deflate")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413, 0, "Request body too large", limit=error.text) from None
    except web.RequestPayloadError:
        raise ApiError(400, 0, "Unreadable request body", encoding=encoding or "none") from None


async def read_body(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body (or the form's fields) with the query string's parameters merged in."""
    body = nested(await _form(request)) if request.content_type in FORM_TYPES else parse_object(await read_raw(request))
    if request.query:
        body.update(nested(request.query))
    return body


async def _form(request: web.Request) -> MultiDictProxy[Any]:
    try:
        fields = await request.post()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413, 0, "Request body too large", limit=error.text) from None
    except (ValueError, LookupError, RuntimeError) as error:
        # a charset or a transfer encoding that nobody knows is not a ValueError
        raise ApiError(400, 0, f"Unreadable form: {error}") from None
    for value in fields.values():
        if isinstance(value, web.FileField):
            value.file.close()  # no call takes files
    return fields


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object; an empty body is an empty object."""
    if not raw.strip():
        return {}
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise ApiError(400, 0, "Request body must be a JSON object", found=type(value).__name__)
    return value


def parse_json(raw: bytes) -> Any:
    """JSON as clients write it: bare NaN and Infinity, and numbers beyond a double, are read as floats."""
    value = _parse(raw)
    if raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT:
        _refuse_depth(value)
    return value


def _parse(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        value = json.loads(raw)
        # half a surrogate pair is no text: it could be neither stored nor answered
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 0, f"Malformed JSON: {error}") from None
    return value


def _refuse_depth(value: Any) -> None:
    """Raise 400/0 when lists and objects are nested deeper than anything that is meant; encoders fail on them later."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEPTH_LIMIT):
        below = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
        level = [child for child in below if isinstance(child, (dict, list))]
        if not level:
            return
    raise ApiError(400, 0, "Malformed JSON: nested too deeply", limit=DEPTH_LIMIT)


def nested(parameters: Any) -> dict[str, Any]:
    """Parameters as a body: ``a.b=1`` is ``{"a": {"b": 1}}``; repeated names and ``name[]`` are lists."""
    body: dict[str, Any] = {}
    for name in dict.fromkeys(parameters):
        values = [_scalar(value) for value in parameters.getall(name)]
        *path, last = name.removesuffix("[]").split(".")
        if len(path) >= DEPTH_LIMIT:
            raise ApiError(400, 0, "Parameters are nested too deeply", limit=DEPTH_LIMIT)
        place = body
        for part in path:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                raise ApiError(400, 15, "Conflicting fields", fields=name)
            place = below
        place[last] = values if len(values) > 1 or name.endswith("[]") else values[0]
    return body


def _scalar(text: Any) -> Any:
    if not isinstance(text, str):
        raise ApiError(400, 0, "Unreadable form: a file where a value is expected")
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 19 else text
