"""Lists of tasks and models as CSV files: prepared by one call, streamed by the next."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import delete
from sqlmodel import Session
from trackyard.core import clock, ids, query
from trackyard.core.entities import MODEL, TASK, PreparedDownload, paths, table_of
from trackyard.core.errors import ApiError, validation
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.organization.requests import DownloadRequest, FieldMapping, PrepareRequest

KINDS = {"task": TASK, "model": MODEL}
LIFE = timedelta(minutes=10)
MOST_ROWS = 50_000
"""As many rows as `users.get_current_user` tells clients."""
STEP = 1000
NO_FILTERS = ("page", "page_size", "size", "start", "scroll_id", "refresh_scroll", "field_mappings", "entity_type", "only_fields")
FORMULA = re.compile(r"\s*[=@+-]|[\t\r]")
"""How a text begins that a spreadsheet would compute."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


async def prepare(call: Call, request: PrepareRequest) -> Document:
    """Check the query of a download and keep it for ten minutes."""
    if not request.field_mappings:
        raise validation("field_mappings", "at least one column is needed")
    body = {name: value for name, value in call.body.items() if name not in NO_FILTERS}
    body["only_fields"] = sorted({*request.only_fields, *(mapping.field for mapping in request.field_mappings)})
    kept = {"kind": request.entity_type, "body": body, "columns": msgspec.to_builtins(request.field_mappings)}

    def work(session: Session) -> str:
        query.run(session, KINDS[request.entity_type], {**body, "page_size": 1}, call.identity, expand=True)
        return _keep(session, call, kept)

    return {"prepare_id": await call.metadata.write(work)}


def _keep(session: Session, call: Call, request: Document) -> str:
    now, prepared, table = clock.now(), ids.new_id(), table_of(PreparedDownload)
    session.execute(delete(table).where(table.c.expires < now))
    by = {"company": call.identity.company, "user": call.identity.user}
    session.add(PreparedDownload(id=prepared, request=request, created=now, expires=now + LIFE, **by))
    return prepared


async def download(call: Call, request: DownloadRequest) -> web.StreamResponse:
    """Stream a prepared download as CSV: UTF-8 with a mark, every field quoted."""
    if call.request is None:
        raise ApiError(400, 0, "A download needs an HTTP request")
    prepared = await call.metadata.read(lambda session: _prepared(session, call, request.prepare_id))
    name = f"clearml-{KINDS[prepared['kind']].plural}.csv"
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f"attachment; filename={name}"}
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    async for text in _texts(call, prepared):
        await response.write(text.encode())
    await response.write_eof()
    return response


def _prepared(session: Session, call: Call, prepared: str) -> Document:
    found = session.get(PreparedDownload, prepared)
    if found is None or found.user != call.identity.user or found.expires < clock.now():
        raise ApiError(400, 10, "Invalid id (no such download; prepare it again)", prepare_id=prepared)
    return found.request


async def _texts(call: Call, prepared: Document) -> AsyncIterator[str]:
    """The parts of the file."""
    columns = msgspec.convert(prepared["columns"], list[FieldMapping])
    yield "\ufeff" + _lines([[column.name or column.field for column in columns]])
    shown = [_Column(column) for column in columns]
    body: Document = {**prepared["body"], "scroll_id": None, "size": STEP}
    rows = 0
    while rows < MOST_ROWS:
        page = await query.page(call.metadata, KINDS[prepared["kind"]], body, call.identity, expand=True)
        items = page.items[: MOST_ROWS - rows]
        if items:
            yield _lines([column.shown(item) for column in shown] for item in items)
        rows += len(items)
        if len(page.items) < STEP:
            break
        body["scroll_id"] = page.scroll_id


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


class _Column:
    """One column: the path of its values, and what is written for some of them."""

    def __init__(self, mapping: FieldMapping) -> None:
        self._path = paths.split(mapping.field)
        self._values = {_text(item.key): _text(item.value) for item in mapping.values}

    def shown(self, document: Document) -> str:
        """The cell of one row."""
        found = _at(document, self._path)
        text = _text(found)
        return safe(self._values.get(text, text), is_text=isinstance(found, (str, list, dict)))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path. A name that holds dots may have been split."""
    for count in range(len(path), 0, -1):
        key = ".".join(path[:count])
        if isinstance(value, dict) and key in value:
            return _at(value[key], path[count:]) if count < len(path) else value[key]
    return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, (list, dict, bool)):
        return msgspec.json.encode(value).decode()
    return str(value)


def safe(text: str, *, is_text: bool = True) -> str:
    """The text so that a spreadsheet takes it for text: an apostrophe before what would be a formula. Numbers stay."""
    return f"'{text}" if is_text and FORMULA.match(text) and not NUMBER.fullmatch(text) else text
