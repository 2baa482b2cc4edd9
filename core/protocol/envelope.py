"""The envelope of every answer: ``{"meta": {…}, "data": {…}}``; the HTTP status equals ``meta.result_code``."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import orjson
from aiohttp import web
from trackyard.core import clock
from trackyard.core.errors import ApiError
from trackyard.core.ids import new_id

OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def encode(value: Any) -> bytes:
    """JSON of ``value``: dates with ``+00:00``, NaN and infinities as null (a browser can't read the bare words).

    NumPy's arrays become lists.
    """
    try:
        return orjson.dumps(value, default=_plain, option=OPTIONS)
    except TypeError:
        # integers beyond 64 bits and lone surrogates, which clients may have stored
        return json.dumps(_finite(value), default=_plain, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    return msgspec.to_builtins(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


class Meta:
    """What the envelope says about a call; filled while the call is understood."""

    def __init__(self, trx: str | None = None) -> None:
        self.id = new_id()
        self.trx = trx or self.id
        self.name = ""
        self.requested = "1.0"
        self.actual: str | None = None

    def success(self, data: Any) -> bytes:
        """The body of a good answer."""
        return encode({"meta": self._meta(200, 0, "OK", ""), "data": {} if data is None else data})

    def failure(self, error: ApiError) -> bytes:
        """The body of an error; ``data`` is an empty object, on which clients rely."""
        return encode({"meta": self._meta(error.code, error.subcode, error.message, None, error.data), "data": {}})

    def _meta(
        self, code: int, subcode: int, message: str, stack: str | None, data: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "trx": self.trx,
            "endpoint": {"name": self.name, "requested_version": self.requested, "actual_version": self.actual},
            "result_code": code,
            "result_subcode": subcode,
            "result_msg": message,
            "error_stack": stack,
            "error_data": data or {},
        }


def json_response(body: bytes, status: int = 200) -> web.Response:
    """An answer of JSON text."""
    return web.Response(body=body, status=status, content_type="application/json")
